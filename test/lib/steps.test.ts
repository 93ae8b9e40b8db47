import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { ENTRY_FUNCTIONS, isTask, STEPS, type StepName } from '../../lib/step-table.ts';
import { callersOf, permissionsByRole, stepPermissions } from './step-policies.ts';
import { stackTemplate, templateOf } from './synthesized-stack.ts';

const ALL_STEPS = Object.keys(STEPS) as StepName[];
const TASKS = ALL_STEPS.filter(isTask);
const TALKING = [
  'upload-file',
  'create-batch',
  'send-direct',
  'poll-batch',
  'cancel-batch',
  'collect-results',
];
const isEntryFunction = (step: string): boolean => (ENTRY_FUNCTIONS as readonly string[]).includes(step);
const SILENT = ALL_STEPS.filter((step) => !TALKING.includes(step));

test('there is exactly one function per step and entry point', () => {
  expect(stackTemplate()).toHaveCount('AWS::Lambda::Function', 14);
});

describe.each(ALL_STEPS)('%s', (step) => {
  test('runs on Node 24 on arm64', () => {
    expect(stackTemplate()).toHaveStep(step, {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
    });
  });

  test('traces with X-Ray', () => {
    expect(stackTemplate()).toHaveStep(step, { TracingConfig: { Mode: 'Active' } });
  });

  test('logs JSON to a log group of its own', () => {
    expect(stackTemplate()).toHaveStep(step, {
      LoggingConfig: { LogFormat: 'JSON', LogGroup: { Ref: Match.anyValue() } },
    });
  });

  test('has the URL of the store', () => {
    expect(stackTemplate()).toHaveStep(
      step,
      {},
      { STORE: { 'Fn::Join': ['', ['s3://', { Ref: Match.stringLikeRegexp('Bucket') }]] } },
    );
  });

  test('shows positions of the TypeScript source in its stack traces, and its heap stays within its memory', () => {
    const { memoryMib } = STEPS[step];
    const heap = Math.floor(memoryMib * 0.75);
    expect(stackTemplate()).toHaveStep(
      step,
      {},
      { NODE_OPTIONS: `--enable-source-maps --max-semi-space-size=2 --max-old-space-size=${heap}` },
    );
  });

  test('has permissions on named resources only, except for X-Ray', () => {
    const anywhere = stepPermissions(step).filter((permission) => permission.endsWith(' on *'));
    expect(anywhere).toEqual(['xray:PutTelemetryRecords on *', 'xray:PutTraceSegments on *']);
  });
});

test('steps that read may see which keys there are, so that a missing one is a 404', () => {
  const listing = ALL_STEPS.filter((step) => stepPermissions(step).includes('s3:ListBucket on <bucket>'));
  expect(listing).toEqual(ALL_STEPS.filter((step) => step !== 'cancel-batch' && step !== 'publish-config'));
});

test('log groups keep thirty days and are deleted with the stack', () => {
  expect(stackTemplate()).toHaveOnlyProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 });
  expect(stackTemplate()).toHaveOnlyResources('AWS::Logs::LogGroup', { DeletionPolicy: 'Delete' });
});

test('no role has a managed policy', () => {
  expect(stackTemplate()).toHaveOnlyProperties('AWS::IAM::Role', { ManagedPolicyArns: Match.absent() });
});

test('no function has a layer: the layers of AWS are not in every region', () => {
  expect(stackTemplate()).toHaveOnlyProperties('AWS::Lambda::Function', { Layers: Match.absent() });
});

test('no two steps share a role', () => {
  const functions = Object.values(stackTemplate().findResources('AWS::Lambda::Function'));
  const roles = functions.map((resource) => JSON.stringify(resource['Properties'].Role));
  expect(new Set(roles).size).toBe(functions.length);
});

test('no role has all permissions of a service', () => {
  const actions = [...permissionsByRole().values()].flat().map((permission) => permission.split(' on ')[0]);
  expect(actions.filter((action) => action?.includes('*'))).toEqual([]);
});

describe.each(TALKING)('%s calls the provider', (step) => {
  test('and knows which secret has its key', () => {
    expect(stackTemplate()).toHaveStep(
      step,
      {},
      { SECRET_ARN: { Ref: Match.stringLikeRegexp('ProviderKeys') } },
    );
  });

  test('and may read only this secret', () => {
    expect(stepPermissions(step)).toContainEqual(
      expect.stringMatching(/^secretsmanager:GetSecretValue on <WorkflowProviderKeys\w+>$/),
    );
  });
});

test.each(SILENT)('%s has no access to the secret', (step) => {
  expect(stackTemplate()).toHaveStep(step, {}, { SECRET_ARN: Match.absent() });
  expect(stepPermissions(step).filter((permission) => permission.startsWith('secretsmanager:'))).toEqual([]);
});

test.each([
  ['start-job', 512, 120],
  ['cancel-job', 512, 120],
  ['api', 1_769, 30],
  ['build-requests', 1_769, 900],
  ['upload-file', 1_024, 900],
  ['create-batch', 256, 300],
  ['send-direct', 512, 900],
  ['poll-batch', 256, 300],
  ['cancel-batch', 256, 300],
  ['collect-results', 1_769, 900],
  ['write-results', 1_769, 900],
  ['announce-job', 256, 60],
  ['publish-config', 256, 60],
])('%s has %i MiB and %i s', (step, MemorySize, Timeout) => {
  expect(stackTemplate()).toHaveStep(step, { MemorySize, Timeout });
});

test('only collect-results has more than the default scratch space of Lambda', () => {
  for (const step of ALL_STEPS) {
    expect(stackTemplate()).toHaveStep(step, {
      EphemeralStorage: step === 'collect-results' ? { Size: 10_240 } : Match.absent(),
    });
  }
});

test('only the entry points know the state machine', () => {
  for (const step of ALL_STEPS) {
    const known = isEntryFunction(step)
      ? { 'Fn::GetAtt': [Match.stringLikeRegexp('MachineAlias'), 'Arn'] }
      : Match.absent();
    expect(stackTemplate()).toHaveStep(step, {}, { STATE_MACHINE_ARN: known });
  }
});

test.each([
  ['start-job', ['StartExecution', 'DescribeExecution']],
  ['cancel-job', ['StartExecution', 'DescribeExecution']],
  ['api', ['StartExecution', 'DescribeExecution', 'StopExecution']],
])('%s may only call %j of Step Functions, on this machine', (step, actions) => {
  const granted = stepPermissions(step).filter((permission) => permission.startsWith('states:'));
  expect(granted).toHaveLength(actions.length);
  for (const action of actions) {
    const on = action === 'StartExecution' ? '<WorkflowMachineStateMachine\\w+>' : '.*:execution:.*:\\*';
    expect(granted).toContainEqual(expect.stringMatching(new RegExp(`^states:${action} on ${on}$`)));
  }
});

test.each(ALL_STEPS)('%s may only write to the dead-letter queue, if events call it', (step) => {
  const calledByEvents = step === 'start-job' || step === 'cancel-job';
  const actions = calledByEvents ? ['GetQueueAttributes', 'GetQueueUrl', 'SendMessage'] : [];
  expect(stepPermissions(step).filter((permission) => permission.startsWith('sqs:'))).toEqual(
    actions.map((action) =>
      expect.stringMatching(new RegExp(`^sqs:${action} on <WorkflowEventsDeadLetters\\w+\\.Arn>$`)),
    ),
  );
});

test.each(ALL_STEPS.filter((step) => !isEntryFunction(step)))('only the machine may call %s', (step) => {
  expect(callersOf(step)).toEqual([]);
});

test('only announce-job may put events, on the default bus and with our source', () => {
  const granted = ALL_STEPS.flatMap((step) =>
    stepPermissions(step)
      .filter((permission) => permission.startsWith('events:'))
      .map((permission) => `${step}: ${permission}`),
  );
  expect(granted).toEqual([
    'announce-job: events:PutEvents on arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:event-bus/default',
  ]);
  expect(stackTemplate()).toHaveProperties('AWS::IAM::Policy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({
          Action: 'events:PutEvents',
          Condition: { StringEquals: { 'events:source': 'nightshift' } },
        }),
      ]),
    },
  });
});

test('every step has the name of its workflow for metrics', () => {
  for (const step of ALL_STEPS) {
    expect(stackTemplate()).toHaveStep(
      step,
      {},
      { WORKFLOW: Match.stringLikeRegexp('^Nightshift-Workflow-') },
    );
  }
});

test('versions of the steps are kept when a deploy makes others: jobs may be running on them', () => {
  expect(stackTemplate()).toHaveOnlyResources('AWS::Lambda::Version', {
    DeletionPolicy: 'RetainExceptOnCreate',
    UpdateReplacePolicy: 'Retain',
  });
  expect(stackTemplate()).toHaveCount('AWS::Lambda::Version', TASKS.length);
});

test('a deploy that changes a step makes a version of that step alone', () => {
  const versionsOf = (template: ReturnType<typeof stackTemplate>): string[] =>
    Object.keys(template.findResources('AWS::Lambda::Version'));
  const before = versionsOf(stackTemplate());
  const after = versionsOf(templateOf({ webhook: { url: 'https://hooks.example/nightshift' } }));
  expect(after.filter((id) => !before.includes(id))).toEqual([
    expect.stringMatching(/^WorkflowStepsAnnounceJobFunctionCurrentVersion/),
  ]);
  expect(after).toHaveLength(before.length);
});

test('the machine may call every version of its steps, also of earlier deploys', () => {
  const [machine = []] = [...permissionsByRole()].flatMap(([role, granted]) =>
    /MachineStateMachineRole/.test(role) ? [granted] : [],
  );
  for (const step of TASKS) {
    const id = step.replaceAll(/(^|-)(\w)/g, (_, __, letter: string) => letter.toUpperCase());
    expect(machine).toContainEqual(
      expect.stringMatching(
        new RegExp(`^lambda:InvokeFunction on <WorkflowSteps${id}Function\\w+\\.Arn>:\\*$`),
      ),
    );
  }
});

test('only the entry points have permissions for executions', () => {
  const others = ALL_STEPS.filter((step) => !isEntryFunction(step));
  expect(others.flatMap(stepPermissions).filter((permission) => permission.startsWith('states:'))).toEqual(
    [],
  );
});

test.each([
  [
    'start-job',
    [
      'DeleteObject jobs/*/stop.json',
      'DeleteObject output/*/summary.json',
      'GetObject claims/*',
      'GetObject input/*',
      'GetObject jobs/*.json',
      'GetObject output/*',
      'GetObject staged/*',
      'GetObjectVersion input/*',
      'PutObject claims/*',
      'PutObject index/*',
      'PutObject jobs/*/candidates.json',
      'PutObject jobs/*/job.json',
      'PutObject jobs/*/ledger/*.json',
      'PutObject jobs/*/rows-*.jsonl',
      'PutObject jobs/samples/*.json',
      'PutObject output/*/summary.json',
    ],
  ],
  ['cancel-job', ['GetObject jobs/*/job.json', 'GetObject jobs/*/stop.json', 'PutObject jobs/*/stop.json']],
  [
    'api',
    [
      'DeleteObject jobs/*/stop.json',
      'DeleteObject output/*/summary.json',
      'GetObject input/*',
      'GetObject jobs/*.json',
      'GetObject output/*',
      'GetObject staged/*',
      'PutObject index/*',
      'PutObject input/*',
      'PutObject jobs/*/approval.json',
      'PutObject jobs/*/job.json',
      'PutObject jobs/*/ledger/*.json',
      'PutObject jobs/*/rows-*.jsonl',
      'PutObject jobs/*/stop.json',
      'PutObject jobs/samples/*.json',
      'PutObject staged/*',
    ],
  ],
  [
    'build-requests',
    [
      'AbortMultipartUpload jobs/*/build/*',
      'AbortMultipartUpload jobs/*/shards/*',
      'AbortMultipartUpload output/*/pilot.jsonl',
      'DeleteObject claims/*',
      'DeleteObject jobs/*/build/*',
      'DeleteObject jobs/*/shards/*/round-0.*',
      'DeleteObject jobs/*/shards/*/stopped.json',
      'GetObject claims/*',
      'GetObject input/*',
      'GetObject jobs/*/approval.json',
      'GetObject jobs/*/build/*',
      'GetObject jobs/*/candidates.json',
      'GetObject jobs/*/input/*',
      'GetObject jobs/*/job.json',
      'GetObject jobs/*/ledger/*.json',
      'GetObject jobs/*/pilot.json',
      'GetObject jobs/*/plan.json',
      'GetObject jobs/*/rows-*.jsonl',
      'GetObject jobs/*/shards/*',
      'GetObject jobs/*/stop.json',
      'GetObject output/*',
      'GetObject reuse/*',
      'GetObject staged/*',
      'GetObjectVersion input/*',
      'GetObjectVersion output/*',
      'GetObjectVersion staged/*',
      'PutObject jobs/*/build/*',
      'PutObject jobs/*/pilot.json',
      'PutObject jobs/*/plan.json',
      'PutObject jobs/*/shards/*',
      'PutObject jobs/*/to-run.json',
      'PutObject output/*/pilot.html',
      'PutObject output/*/pilot.jsonl',
    ],
  ],
  [
    'upload-file',
    [
      'AbortMultipartUpload jobs/*/shards/*/round-*.requests.jsonl',
      'GetObject jobs/*',
      'GetObject room/*.json',
      'GetObject spending/*.json',
      'PutObject jobs/*/ledger/*.json',
      'PutObject jobs/*/shards/*/done.json',
      'PutObject jobs/*/shards/*/round-*.requests.jsonl',
      'PutObject jobs/*/shards/*/round-*.twins.json',
      'PutObject jobs/*/shards/*/round-*.upload.json',
      'PutObject jobs/*/shards/*/round-*.uploading.json',
      'PutObject spending/*.json',
    ],
  ],
  [
    'create-batch',
    [
      'DeleteObject room/*.json',
      'DeleteObject slots/*',
      'GetObject jobs/*.json',
      'GetObject jobs/*/shards/*/round-*.requests.jsonl',
      'GetObject room/*.json',
      'GetObject slots/*',
      'PutObject jobs/*/shards/*/progress.json',
      'PutObject jobs/*/shards/*/round-*.batch.json',
      'PutObject jobs/*/shards/*/round-*.creating.json',
      'PutObject jobs/*/shards/*/round-*.twins.json',
      'PutObject room/*.json',
    ],
  ],
  ['publish-config', ['PutObject deployed/config.json']],
  [
    'announce-job',
    ['GetObject jobs/*.json', 'GetObject output/*/summary.json', 'PutObject jobs/*/announced/*'],
  ],
  [
    'send-direct',
    [
      'AbortMultipartUpload jobs/*/shards/*/round-*.output.jsonl',
      'GetObject jobs/*',
      'PutObject jobs/*/shards/*/progress.json',
      'PutObject jobs/*/shards/*/round-*.answers-*.jsonl',
      'PutObject jobs/*/shards/*/round-*.output.jsonl',
    ],
  ],
  [
    'poll-batch',
    [
      'GetObject jobs/*/shards/*/round-*.batch.json',
      'GetObject jobs/*/shards/*/round-*.twins.json',
      'GetObject jobs/*/shards/*/round-*.upload.json',
      'GetObject jobs/*/stop.json',
      'PutObject jobs/*/shards/*/progress.json',
      'PutObject jobs/*/shards/*/round-*.twins.json',
    ],
  ],
  ['cancel-batch', []],
  [
    'collect-results',
    [
      'AbortMultipartUpload jobs/*/shards/*',
      'DeleteObject jobs/*/shards/*/round-*.creating.json',
      'DeleteObject jobs/*/shards/*/round-*.upload.json',
      'DeleteObject jobs/*/shards/*/round-*.uploading.json',
      'DeleteObject room/*.json',
      'DeleteObject slots/*',
      'GetObject jobs/*',
      'GetObject room/*.json',
      'GetObject slots/*',
      'GetObject spending/*.json',
      'PutObject jobs/*/ledger/*.json',
      'PutObject jobs/*/shards/*',
      'PutObject jobs/*/stop.json',
      'PutObject output/*/files/*',
      'PutObject room/*.json',
      'PutObject spending/*.json',
    ],
  ],
  [
    'write-results',
    [
      'AbortMultipartUpload jobs/*/joined/*',
      'AbortMultipartUpload jobs/*/shards/*',
      'AbortMultipartUpload output/*',
      'DeleteObject jobs/*/build/*',
      'DeleteObject jobs/*/joined/*',
      'DeleteObject jobs/*/shards/*.jsonl',
      'DeleteObject jobs/*/shards/*/stopped.json',
      'DeleteObject output/*/dead-letters.jsonl',
      'DeleteObject output/*/results.csv',
      'DeleteObject output/*/results.parquet',
      'DeleteObject reuse/*/merged-*',
      'GetObject input/*',
      'GetObject jobs/*',
      'GetObject output/*',
      'GetObject reuse/*',
      'GetObject staged/*',
      'GetObjectVersion input/*',
      'GetObjectVersion output/*',
      'GetObjectVersion staged/*',
      'PutObject jobs/*/before-retries.json',
      'PutObject jobs/*/joined/*',
      'PutObject jobs/*/shards/*',
      'PutObject output/*',
      'PutObject reuse/*',
    ],
  ],
])('%s has exactly the permissions for objects that it needs', (step, expected) => {
  const onObjects = stepPermissions(step).flatMap((permission) => {
    const [, action, key] = /^s3:(\w+) on <bucket>\/(.*)$/.exec(permission) ?? [];
    return action === undefined ? [] : [`${action} ${key}`];
  });
  expect(onObjects.toSorted()).toEqual(expected);
});
