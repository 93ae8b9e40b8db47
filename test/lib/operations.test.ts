import { readFileSync } from 'node:fs';
import { Match } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { callersOf } from './step-policies.ts';
import { stackTemplate, templateOf } from './synthesized-stack.ts';

const RUNBOOK = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

/** The part of the page below the heading *Alarms*, with one section per alarm. */
const [, alarmChapter = ''] = RUNBOOK.split(/^## /m)
  .map((part) => (part.startsWith('Alarms\n') ? part : undefined))
  .filter((part) => part !== undefined)
  .flatMap((part) => ['', part]);

const SECTIONS = alarmChapter
  .split(/^### /m)
  .slice(1)
  .map((section) => {
    const [name = '', ...lines] = section.split('\n');
    return { name, text: lines.join('\n') };
  });

const alarmSchema = z.object({
  Properties: z.object({
    AlarmDescription: z.string(),
    Threshold: z.number(),
    TreatMissingData: z.string(),
    AlarmActions: z.array(z.unknown()).optional(),
    OKActions: z.array(z.unknown()).optional(),
    Metrics: z.array(z.unknown()).optional(),
  }),
});

const alarmsOf = (template = stackTemplate()) =>
  Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(
    (resource) => alarmSchema.parse(resource).Properties,
  );

const anchorOf = ({ AlarmDescription }: { AlarmDescription: string }): string =>
  AlarmDescription.split('#').at(-1) ?? '';

const PUBLISHED =
  /^[A-Z].+\. What to do: https:\/\/unpkg\.com\/nightshift@\d+\.\d+\.\d+\/docs\/operations\.md#[a-z-]+$/;

describe('the runbook', () => {
  test('has exactly one section per alarm', () => {
    expect(SECTIONS.map(({ name }) => name).toSorted()).toEqual(alarmsOf().map(anchorOf).toSorted());
  });

  test.each(SECTIONS)('explains for $name what it means, how to investigate and what to do', ({ text }) => {
    for (const part of ['**It means**', '**Look**', '**Do**']) expect(text).toContain(part);
  });

  test('is linked at its published URL of this version, or at the URL of the configuration', () => {
    for (const { AlarmDescription } of alarmsOf()) expect(AlarmDescription).toMatch(PUBLISHED);
    const elsewhere = templateOf({ alarms: { runbook: 'https://wiki.example/nightshift' } });
    for (const { AlarmDescription } of alarmsOf(elsewhere))
      expect(AlarmDescription).toMatch(/ What to do: https:\/\/wiki\.example\/nightshift#[a-z-]+$/);
  });
});

test('the documents name only outputs that the stack has', () => {
  const outputs = Object.keys(stackTemplate().findOutputs('*'));
  const documents = ['../../README.md', '../../docs/operations.md', '../../docs/completion.md'];
  const named = documents.flatMap((path) => [
    ...readFileSync(new URL(path, import.meta.url), 'utf8').matchAll(/<([A-Z]\w+)>/g),
  ]);

  expect(named.length).toBeGreaterThan(5);
  expect(outputs).toEqual(expect.arrayContaining(named.map(([, name]) => name)));
});

describe('an alarm', () => {
  test('is silent while there is nothing to measure', () => {
    expect(new Set(alarmsOf().map(({ TreatMissingData }) => TreatMissingData))).toEqual(
      new Set(['notBreaching']),
    );
  });

  test('uses no more metrics than CloudWatch allows: ten and their sum', () => {
    for (const { Metrics = [] } of alarmsOf()) expect(Metrics.length).toBeLessThanOrEqual(11);
  });

  test('has no action if nothing is configured', () => {
    expect(alarmsOf().flatMap(({ AlarmActions = [] }) => AlarmActions)).toEqual([]);
    expect(stackTemplate()).toHaveCount('AWS::SNS::Topic', 0);
  });

  test.each(['Failed', 'TimedOut', 'Aborted'])('watches executions that end as %s', (ending) => {
    expect(stackTemplate()).toHaveProperties('AWS::CloudWatch::Alarm', {
      MetricName: `Executions${ending}`,
      Namespace: 'AWS/States',
      Dimensions: [{ Name: 'StateMachineArn', Value: { Ref: Match.stringLikeRegexp('StateMachine') } }],
      Threshold: 1,
    });
  });

  test('watches the executions of shards under the name from the map', () => {
    expect(stackTemplate()).toHaveProperties('AWS::CloudWatch::Alarm', {
      MetricName: 'ExecutionsFailed',
      Dimensions: [
        {
          Name: 'StateMachineArn',
          Value: { 'Fn::Join': ['', [{ Ref: Match.stringLikeRegexp('StateMachine') }, '/shards']] },
        },
      ],
    });
  });

  test.each([
    ['24h', 24 + 1 + 2],
    ['7d', 7 * 24 + 1 + 2],
  ])('reports a batch that is older than a window of %s, its grace time and two hours', (window, hours) => {
    const profiles = { default: { completionWindow: '1h' }, slow: { completionWindow: window } };
    expect(templateOf({ profiles })).toHaveProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'Nightshift',
      MetricName: 'OpenBatchAge',
      Statistic: 'Maximum',
      Threshold: hours * 3_600,
      Dimensions: [{ Name: 'service', Value: Match.stringLikeRegexp('^Nightshift-Workflow') }],
    });
  });
});

describe('with an address and a topic configured, an alarm', () => {
  const topicArn = 'arn:aws:sns:eu-central-1:111122223333:on-call';
  const template = () => templateOf({ alarms: { email: 'oncall@example.com', topicArn } });

  test('and its end go to both', () => {
    const expected = [{ Ref: expect.stringContaining('AlarmMail') as string }, topicArn];
    for (const { AlarmActions, OKActions } of alarmsOf(template()))
      expect({ AlarmActions, OKActions }).toEqual({ AlarmActions: expected, OKActions: expected });
  });

  test('is mailed', () => {
    expect(template()).toHaveProperties('AWS::SNS::Subscription', {
      Protocol: 'email',
      Endpoint: 'oncall@example.com',
    });
  });

  test('may publish, but not over plain HTTP', () => {
    expect(template()).toHaveProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
          Match.objectLike({
            Effect: 'Allow',
            Action: 'sns:Publish',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
          }),
        ]),
      },
    });
  });
});

describe('the webhook', () => {
  const url = 'https://hooks.example/nightshift';

  test('signs with its own secret, which outlives the stack and is readable only by announce-job', () => {
    const template = templateOf({ webhook: { url } });
    expect(template).toHaveResource('AWS::SecretsManager::Secret', {
      Properties: { GenerateSecretString: { PasswordLength: 64 } },
      // A deploy that fails and rolls back deletes its secret.
      DeletionPolicy: 'RetainExceptOnCreate',
      UpdateReplacePolicy: 'Retain',
    });
    expect(template).toHaveStep(
      'announce-job',
      { Layers: Match.absent() },
      { WEBHOOK_URL: url, WEBHOOK_SECRET_ID: { Ref: Match.stringLikeRegexp('WebhookSecret') } },
    );
    const knowing = Object.values(template.findResources('AWS::Lambda::Function')).filter((resource) =>
      JSON.stringify(resource).includes('WEBHOOK_SECRET_ID'),
    );
    expect(knowing).toHaveLength(1);
  });

  test('signs with the named secret', () => {
    const template = templateOf({ webhook: { url, secretName: 'hooks/nightshift' } });
    expect(template).toHaveStep('announce-job', {}, { WEBHOOK_SECRET_ID: 'hooks/nightshift' });
    expect(template).toHaveCount('AWS::SecretsManager::Secret', 1);
  });

  test('is in no function if none is configured', () => {
    expect(stackTemplate()).toHaveStep(
      'announce-job',
      { Layers: Match.absent() },
      { EVENT_BUS: 'default', WEBHOOK_URL: Match.absent() },
    );
  });
});

test('only the machine may call the versions of a step', () => {
  expect(callersOf('announce-job')).toEqual([]);
});

test('there is a dashboard with every alarm and every metric of our own', () => {
  const [dashboard] = Object.values(stackTemplate().findResources('AWS::CloudWatch::Dashboard'));
  const body = JSON.stringify(dashboard);
  for (const metric of [
    'Rows',
    'Tokens',
    'JobSeconds',
    'OpenBatchAge',
    'PollLag',
    'HandlerErrors',
    'JobsNotAnnounced',
  ])
    expect(body).toContain(metric);
  expect(body.match(/OperationsAlarms\w+/g)).toHaveLength(alarmsOf().length);
});

test('there are saved queries over the logs of every step', () => {
  const queries = Object.values(stackTemplate().findResources('AWS::Logs::QueryDefinition')).map(
    ({ Properties }) =>
      z
        .object({ Name: z.string(), LogGroupNames: z.array(z.unknown()), QueryString: z.string() })
        .parse(Properties),
  );
  expect(
    queries.map(({ Name }) => Name.replace(/^Nightshift-Workflow-\w+/, 'Nightshift')).toSorted(),
  ).toEqual([
    'Nightshift/batches that take long',
    'Nightshift/errors by step',
    'Nightshift/jobs that ended',
    'Nightshift/one job',
    'Nightshift/tokens by profile',
    'Nightshift/what failed',
  ]);
  for (const { LogGroupNames, QueryString, Name } of queries) {
    expect(LogGroupNames).toHaveLength(14);
    expect(QueryString).toContain('filter message in ["');
    expect(RUNBOOK).toContain(`*${Name.split('/')[1]}*`);
  }
});
