import {
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { createSfnExecutions } from '../../src/executions/sfn-executions.ts';

const MACHINE = 'arn:aws:states:eu-central-1:111122223333:stateMachine:nightshift';
const EXECUTION = 'arn:aws:states:eu-central-1:111122223333:execution:nightshift:job-1';

test.each([MACHINE, `${MACHINE}:live`])(
  'a job is started with the ARN %s, and its execution is found by one ARN in both cases',
  async (arn) => {
    const client = new SFNClient({ region: 'eu-central-1' });
    const mock = mockClient(client);
    mock.on(StartExecutionCommand).resolves({});
    mock.on(DescribeExecutionCommand).resolves({ status: 'RUNNING' });
    mock.on(StopExecutionCommand).resolves({});
    const executions = createSfnExecutions(arn, client);

    await executions.start('job-1', { jobId: 'job-1' });
    expect(await executions.look('job-1')).toBe('running');
    await executions.stop('job-1', 'Enough.');

    expect(mock.commandCalls(StartExecutionCommand)[0]?.args[0].input).toMatchObject({
      stateMachineArn: arn,
    });
    expect(mock.commandCalls(DescribeExecutionCommand)[0]?.args[0].input).toEqual({
      executionArn: EXECUTION,
    });
    expect(mock.commandCalls(StopExecutionCommand)[0]?.args[0].input).toMatchObject({
      executionArn: EXECUTION,
    });
  },
);

const answered = (name: string, httpStatusCode: number): Error =>
  Object.assign(new Error('as AWS says it'), { name, $metadata: { httpStatusCode } });

test.each([
  ['ThrottlingException', 400, 'ExecutionsUnavailable'],
  ['ExecutionLimitExceeded', 400, 'ExecutionsUnavailable'],
  ['InternalServerError', 500, 'ExecutionsUnavailable'],
  ['TooManyRequestsException', 429, 'ExecutionsUnavailable'],
  ['AccessDeniedException', 400, 'AccessDeniedException'],
  ['InvalidArn', 400, 'InvalidArn'],
])('the answer %s (%i) fails as %s for every call', async (answer, status, name) => {
  const client = new SFNClient({ region: 'eu-central-1' });
  mockClient(client).rejects(answered(answer, status));
  const executions = createSfnExecutions(MACHINE, client);
  for (const asked of [
    executions.start('job-1', { jobId: 'job-1' }),
    executions.look('job-1'),
    executions.stop('job-1', 'Enough.'),
  ]) {
    await expect(asked).rejects.toMatchObject({ name });
  }
});

test('a missing response fails as ExecutionsUnavailable', async () => {
  const client = new SFNClient({ region: 'eu-central-1' });
  mockClient(client).rejects(Object.assign(new Error('lost'), { code: 'ECONNRESET' }));
  await expect(createSfnExecutions(MACHINE, client).look('job-1')).rejects.toMatchObject({
    name: 'ExecutionsUnavailable',
  });
});
