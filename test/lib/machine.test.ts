import aslValidator from 'asl-validator';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { CRASHES, PERMANENT_ERRORS, TIMEOUTS, TRANSIENT_ERRORS } from '../../lib/retry-policies.ts';
import * as errors from '../../src/errors.ts';
import { deployedState, deployedStates, type Retrier } from './machine-states.ts';
import { stackMachine, stackTemplate } from './synthesized-stack.ts';

/** Every Task, its step, and the state that follows a permanent failure. */
const TASKS = [
  ['Build requests', 'build-requests', 'Write results'],
  ['Build slice', 'build-slice', 'Slice done'],
  ['Upload file', 'upload-file', 'Collect results'],
  ['Create batch', 'create-batch', 'Collect results'],
  ['Send direct', 'send-direct', 'Collect results'],
  ['Poll batch', 'poll-batch', 'Collect results'],
  ['Cancel batch', 'cancel-batch', 'Collect results'],
  ['Collect results', 'collect-results', 'Shard done'],
  ['Write results', 'write-results', 'Announce job'],
  ['Announce job', 'announce-job', 'Record failed announcement'],
  ['Record failed announcement', 'announce-job', 'Job ok?'],
  ['Announce wait', 'announce-job', 'Record unannounced wait'],
  ['Record unannounced wait', 'announce-job', 'Wait for approval'],
] as const;

describe('the definition', () => {
  test('is valid Amazon States Language', () => {
    const verdict = aslValidator(stackMachine().definition, { checkPaths: true, checkArn: true });
    expect(verdict.errorsText()).toBe('');
    expect(verdict.isValid).toBe(true);
  });

  test('has these Tasks and no others', () => {
    const tasks = [...deployedStates()].filter(([, { Type }]) => Type === 'Task').map(([name]) => name);
    expect(tasks.toSorted()).toEqual(TASKS.map(([name]) => name).toSorted());
  });

  test('calls versions of the functions, which a deploy cannot change', () => {
    const versions = Object.keys(stackTemplate().findResources('AWS::Lambda::Version')).length;
    const called = TASKS.map(([name]) => deployedState(name).Resource ?? '');
    expect(new Set(called).size).toBe(versions);
    expect(called.filter((arn) => !/:function:\w+:1$/.test(arn))).toEqual([]);
  });

  test('is the one that was reviewed', () => {
    const text = JSON.stringify(stackMachine().definition, null, 2);
    expect(text.replace(/(function:\w+Function)[0-9A-F]{8}/g, '$1')).toMatchSnapshot();
  });
});

/** Attempts of the Tasks that do not have the default number. */
const ATTEMPTS: Readonly<Record<string, number>> = {
  'Create batch': 12,
  'Poll batch': 40,
  'Announce job': 6,
  'Record failed announcement': 6,
  'Announce wait': 6,
  'Record unannounced wait': 6,
};

/** Path of the failure in the state's output. */
const CATCHES: Readonly<Record<string, string>> = {
  'Write results': '$.failure',
  'Announce job': '$.unannounced',
  'Record failed announcement': '$.unannounced',
  'Announce wait': '$.unannounced',
  'Record unannounced wait': '$.unannounced',
};

describe.each(TASKS)('%s', (name, step, handler) => {
  test(`calls ${step}`, () => {
    expect(stackMachine().functions.get(deployedState(name).Resource ?? '')).toBe(step);
  });

  test('waits a minute longer than its Lambda may take', () => {
    expect(stackTemplate()).toHaveProperties('AWS::Lambda::Function', {
      Timeout: (deployedState(name).TimeoutSeconds ?? 0) - 60,
      Environment: { Variables: { STEP: step } },
    });
  });

  test('retries temporary errors, with growing waits and jitter', () => {
    expect(deployedState(name).Retry?.[0]).toEqual({
      ErrorEquals: TRANSIENT_ERRORS,
      IntervalSeconds: 5,
      MaxAttempts: ATTEMPTS[name] ?? 8,
      BackoffRate: 2,
      MaxDelaySeconds: 300,
      JitterStrategy: 'FULL',
    });
  });

  test(`continues at ${handler} after any other error, also after a payload that is too large`, () => {
    const ResultPath = CATCHES[name] ?? '$.error';
    expect(deployedState(name).Catch).toEqual([
      { ErrorEquals: ['States.DataLimitExceeded'], Next: handler, ResultPath },
      { ErrorEquals: ['States.ALL'], Next: handler, ResultPath },
    ]);
  });
});

test('Upload file and Create batch wait for room, and Create batch for a file that the provider does not find yet', () => {
  const expected: Readonly<Record<string, string[][]>> = {
    'Upload file': [['ProviderBusy', 'ShardMustWait']],
    'Create batch': [['ProviderNotFound'], ['ProviderBusy', 'ShardMustWait']],
  };
  for (const [name] of TASKS) {
    const further = deployedState(name).Retry?.slice(1) ?? [];
    expect(further.map(({ ErrorEquals }) => ErrorEquals)).toEqual([
      ...(expected[name] ?? []),
      ['Lambda.TooManyRequestsException'],
      CRASHES,
      TIMEOUTS,
      PERMANENT_ERRORS,
      ['States.TaskFailed'],
    ]);
  }
});

/** As in Step Functions: the first retrier that matches the error applies. */
function attemptsFor(task: string, error: string): number | undefined {
  const names = error === 'States.Timeout' ? [error] : [error, 'States.TaskFailed'];
  const retrier = deployedState(task).Retry?.find(({ ErrorEquals }) =>
    ErrorEquals.some((name) => names.includes(name)),
  );
  return retrier?.MaxAttempts;
}

test.each([
  // All names of a crash.
  ['Lambda.Unknown', 4],
  ['Runtime.ExitError', 4],
  ['Runtime.Unknown', 4],
  ['Extension.Crash', 4],
  ['Sandbox.Timedout', 2],
  ['States.Timeout', 2],
  ['StepTimedOut', 2],
  ['Lambda.TooManyRequestsException', 60],
  ['TypeError', 2],
  ['Runtime.ImportModuleError', 2],
  ['States.Permissions', 2],
  ['States.DataLimitExceeded', 0],
])('every Task retries %s up to %i times', (error, attempts) => {
  const counts = TASKS.map(([name]) => attemptsFor(name, error));
  expect(new Set(counts)).toEqual(new Set([attempts]));
});

test('each of our own errors is transient, waits for room, or is permanent', () => {
  const names = Object.keys(errors).filter((name) => /^[A-Z][a-z]/.test(name));
  expect(names.length).toBeGreaterThan(12);
  const ways = (name: string): boolean[] => [
    TRANSIENT_ERRORS.includes(name),
    name === 'ProviderBusy' || name === 'ShardMustWait',
    PERMANENT_ERRORS.includes(name),
    TIMEOUTS.includes(name),
  ];
  expect(names.filter((name) => ways(name).filter(Boolean).length !== 1)).toEqual([]);
});

test('no Task retries a permanent error of ours, except a create whose file cannot be seen yet', () => {
  const tried = TASKS.flatMap(([name]) =>
    PERMANENT_ERRORS.filter((error) => attemptsFor(name, error) !== 0).map((error) => `${name}: ${error}`),
  );
  expect(tried).toEqual(['Create batch: ProviderNotFound']);
});

test.each([
  ['Upload file', 0, 915],
  ['Upload file', 1, 267_300],
  ['Create batch', 0, 2_115],
  ['Create batch', 1, 250],
  ['Create batch', 2, 267_300],
  ['Poll batch', 0, 10_515],
  ['Announce job', 0, 315],
  ['Write results', 1, 3_435],
  ['Write results', 2, 75],
  ['Write results', 3, 15],
])('%s waits as long as its retry policy number %i allows: at most %i s', (name, index, seconds) => {
  const retrier = deployedState(name).Retry?.[index];
  expect(retrier === undefined ? 0 : longestWait(retrier)).toBe(seconds);
});

function longestWait(retrier: Retrier): number {
  const { IntervalSeconds = 1, BackoffRate = 2, MaxDelaySeconds = Infinity, MaxAttempts } = retrier;
  const waits = Array.from({ length: MaxAttempts }, (_, attempt) =>
    Math.min(IntervalSeconds * BackoffRate ** attempt, MaxDelaySeconds),
  );
  return waits.reduce((sum, wait) => sum + wait, 0);
}

describe('the map over shards', () => {
  test('gives every shard its own execution with its own history', () => {
    expect(deployedState('For each shard').ItemProcessor?.['ProcessorConfig']).toEqual({
      Mode: 'DISTRIBUTED',
      ExecutionType: 'STANDARD',
    });
  });

  test('continues with the other shards if one fails', () => {
    expect(deployedState('For each shard')['ToleratedFailurePercentage']).toBe(100);
  });

  test('passes `ShardContext` to a shard and drops its output', () => {
    expect(deployedState('For each shard')).toMatchObject({
      ItemReader: { ReaderConfig: { InputType: 'JSON' }, Parameters: { 'Key.$': '$.toRun.key' } },
      ItemSelector: {
        'jobId.$': '$.jobId',
        'shard.$': '$$.Map.Item.Value.shard',
        'planned.$': '$$.Map.Item.Value.planned',
        'provider.$': '$.provider',
        'polling.$': '$.polling',
      },
      ResultPath: null,
    });
    expect(deployedState('Shard done')).toEqual({ Type: 'Succeed', OutputPath: null });
  });

  test('runs a hundred shards at a time, under a stable name for alarms', () => {
    expect(deployedState('For each shard')).toMatchObject({ MaxConcurrency: 100, Label: 'shards' });
  });

  test('continues at Write results also if it fails as a whole', () => {
    expect(deployedState('For each shard').Catch?.map(({ Next }) => Next)).toEqual([
      'Write results',
      'Write results',
    ]);
  });
});

describe('the state machine', () => {
  test('is a standard machine with tracing', () => {
    expect(stackTemplate()).toHaveProperties('AWS::StepFunctions::StateMachine', {
      StateMachineType: Match.absent(),
      TracingConfiguration: { Enabled: true },
    });
  });

  test('logs every event, without inputs and outputs, to a vended log group', () => {
    expect(stackTemplate()).toHaveProperties('AWS::StepFunctions::StateMachine', {
      LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
    });
    expect(stackTemplate()).toHaveProperties('AWS::Logs::LogGroup', {
      LogGroupName: Match.stringLikeRegexp('^/aws/vendedlogs/states/Nightshift'),
    });
  });

  test('is published as a version at every change, and no version is deleted', () => {
    expect(stackTemplate()).toHaveResource('AWS::StepFunctions::StateMachineVersion', {
      Properties: {
        StateMachineArn: { Ref: Match.stringLikeRegexp('StateMachine') },
        StateMachineRevisionId: {
          'Fn::GetAtt': [Match.stringLikeRegexp('StateMachine'), 'StateMachineRevisionId'],
        },
      },
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
    });
  });

  test('has an alias that sends all new jobs to the version of the last deploy', () => {
    expect(stackTemplate()).toHaveProperties('AWS::StepFunctions::StateMachineAlias', {
      Name: 'live',
      DeploymentPreference: {
        Type: 'ALL_AT_ONCE',
        StateMachineVersionArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('MachineVersion'), 'Arn'] },
      },
    });
  });

  test('has a time limit of fourteen days', () => {
    expect(stackMachine().definition).toMatchObject({ TimeoutSeconds: 14 * 86_400 });
  });
});
