import { expect, test } from 'vitest';
import { readMachine } from '../../host/template/machine.ts';
import { readResources } from '../../host/template/resources.ts';

const machineOf = (template: object) => readMachine(readResources(template));

const FUNCTION = {
  Type: 'AWS::Lambda::Function',
  Properties: { Environment: { Variables: { STEP: 'poll-batch' } } },
};

const machine = (DefinitionString: unknown) => ({
  Type: 'AWS::StepFunctions::StateMachine',
  Properties: { DefinitionString },
});

const joined = (...parts: readonly unknown[]) => machine({ 'Fn::Join': ['', parts] });

test('a function has a placeholder ARN in the definition, which is mapped to its step', () => {
  const { definition, functions } = machineOf({
    Resources: {
      Poll1A2B: FUNCTION,
      Machine: joined('{"Resource":"', { 'Fn::GetAtt': ['Poll1A2B', 'Arn'] }, '"}'),
    },
  });
  const arn = 'arn:aws:lambda:us-east-1:000000000000:function:Poll1A2B';
  expect(definition).toEqual({ Resource: arn });
  expect([...functions]).toContainEqual([arn, 'poll-batch']);
});

test('a version of a function has a placeholder ARN, too, which is mapped to the same step', () => {
  const { definition, functions } = machineOf({
    Resources: {
      Poll1A2B: FUNCTION,
      PollVersion: { Type: 'AWS::Lambda::Version', Properties: { FunctionName: { Ref: 'Poll1A2B' } } },
      Machine: joined('{"Resource":"', { Ref: 'PollVersion' }, '"}'),
    },
  });
  const arn = 'arn:aws:lambda:us-east-1:000000000000:function:Poll1A2B:1';
  expect(definition).toEqual({ Resource: arn });
  expect(functions.get(arn)).toBe('poll-batch');
});

test('the partition of the deployment is the usual one', () => {
  const { definition } = machineOf({
    Resources: { Machine: joined('{"Resource":"arn:', { Ref: 'AWS::Partition' }, ':states:::x"}') },
  });
  expect(definition).toEqual({ Resource: 'arn:aws:states:::x' });
});

test('a definition without references is used unchanged', () => {
  const { definition } = machineOf({ Resources: { Machine: machine('{"StartAt":"A"}') } });
  expect(definition).toEqual({ StartAt: 'A' });
});

test('functions that are not steps are left out', () => {
  const { functions } = machineOf({
    Resources: { Other: { Type: 'AWS::Lambda::Function', Properties: {} }, Machine: machine('{}') },
  });
  expect(functions.size).toBe(0);
});

test.each([
  ['no state machine', {}, 'has 0 state machines'],
  ['two state machines', { A: machine('{}'), B: machine('{}') }, 'has 2 state machines'],
])('a template with %s is refused', (_, Resources, message) => {
  expect(() => machineOf({ Resources })).toThrow(message);
});

test('a reference of an unexpected kind is refused and shown', () => {
  const Resources = { Machine: joined('{"Resource":"', { 'Fn::ImportValue': 'theirs' }, '"}') };
  expect(() => machineOf({ Resources })).toThrow('{"Fn::ImportValue":"theirs"}');
});
