import { readFileSync } from 'node:fs';
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { HttpNoneAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaAuthorizer, HttpLambdaResponseType } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { DomainName } from 'aws-cdk-lib/aws-apigatewayv2';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { SecurityGroup, SubnetType, Vpc, type IVpc } from 'aws-cdk-lib/aws-ec2';
import { AccountPrincipal, Role } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function as Lambda, Runtime } from 'aws-cdk-lib/aws-lambda';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Secret, type ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { describe, expect, test } from 'vitest';
import { BatchWorkflow } from '../../lib/batch-workflow.ts';
import { NightshiftStack } from '../../lib/nightshift-stack.ts';
import { STEPS, type StepName } from '../../lib/step-table.ts';
import { WORKFLOW_PROPS, type BatchWorkflowProps } from '../../lib/workflow-props.ts';
import { permissionsByRole } from './step-policies.ts';
import { CONFIG, createForeignApp } from './synthesized-stack.ts';

/** The CDK's types allow `undefined` where this project's compiler requires absence, hence casts such as `as IBucket`. */
type Change = (stack: Stack) => Partial<BatchWorkflowProps>;

/** A workflow with these properties in another app's stack. */
function create(change: Change = () => ({})): { stack: Stack; workflow: BatchWorkflow } {
  const stack = new Stack(createForeignApp(), 'Theirs');
  return { stack, workflow: new BatchWorkflow(stack, 'Batches', { config: CONFIG, ...change(stack) }) };
}

const STEP_NAMES = Object.keys(STEPS) as StepName[];

/** Steps whose role reads or writes objects but may not decrypt them. */
function rolesWithoutKey(template: Template): string[] {
  return [...permissionsByRole(template)].flatMap(([role, granted]) => {
    const step = /^BatchesSteps(\w+?)Role/.exec(role)?.[1];
    if (step === undefined) return [];
    const usesObjects = granted.some((permission) => /^s3:(Get|Put)Object on/.test(permission));
    const mayDecrypt = granted.some((permission) => permission.startsWith('kms:Decrypt on <Key'));
    return usesObjects && !mayDecrypt ? [step] : [];
  });
}

describe('a workflow with its own key, network, alarms, API and webhook', () => {
  const { stack } = create((theirs) => {
    const vpc = new Vpc(theirs, 'Vpc', { maxAzs: 2 }) as IVpc;
    return {
      encryptionKey: new Key(theirs, 'Key'),
      vpc,
      subnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS },
      securityGroups: [new SecurityGroup(theirs, 'Group', { vpc })],
      reservedConcurrency: 3,
      logRetention: RetentionDays.SIX_MONTHS,
      alarmTopic: new Topic(theirs, 'Topic'),
      alarmActions: [new SnsAction(new Topic(theirs, 'Second'))],
      webhook: { url: 'https://hooks.example/n', secret: new Secret(theirs, 'Signs') as ISecret },
      api: {
        authorizer: new HttpLambdaAuthorizer('Own', inlineFunction(theirs, 'Authorizer'), {
          responseTypes: [HttpLambdaResponseType.SIMPLE],
        }),
        domainName: new DomainName(theirs, 'Domain', {
          domainName: 'batches.example.com',
          certificate: Certificate.fromCertificateArn(theirs, 'Certificate', CERTIFICATE),
        }),
        mappingKey: 'v1',
        disableExecuteApiEndpoint: true,
      },
    };
  });
  const template = Template.fromStack(stack);
  const OWN = { Properties: { Runtime: 'nodejs24.x', LoggingConfig: Match.anyValue() } };
  const functions = Object.values(template.findResources('AWS::Lambda::Function', OWN)).map(
    ({ Properties }) => Properties as Record<string, unknown>,
  );

  test('lets every role that reads or writes objects use the key', () => {
    expect(rolesWithoutKey(template)).toEqual([]);
  });

  test('encrypts the data, the logs, the secret and the queue', () => {
    const key = { 'Fn::GetAtt': [Match.stringLikeRegexp('^Key'), 'Arn'] };
    expect(template).toHaveOnlyProperties('AWS::Logs::LogGroup', { KmsKeyId: key });
    expect(template).toHaveOnlyProperties('AWS::SQS::Queue', { KmsMasterKeyId: key });
    expect(template).toHaveProperties('AWS::SecretsManager::Secret', { KmsKeyId: key, SecretString: '{}' });
    expect(template).toHaveProperties('AWS::S3::Bucket', {
      VersioningConfiguration: { Status: 'Enabled' },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            BucketKeyEnabled: true,
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: key },
          },
        ],
      },
    });
  });

  test.each(['logs.', 'events.amazonaws.com', 'cloudwatch.amazonaws.com'])(
    'lets the service %s use the key for what it holds',
    (service) => {
      expect(JSON.stringify(template.findResources('AWS::KMS::Key'))).toContain(service);
    },
  );

  test('runs every function in the network, with the permissions for it', () => {
    expect(functions).toHaveLength(14);
    const groups = new Set(functions.map(({ VpcConfig }) => JSON.stringify(VpcConfig)));
    expect([...groups]).toEqual([expect.stringMatching(/Group\w+.*GroupId/)]);
    const roles = [...permissionsByRole(template)].filter(([role]) => role.startsWith('BatchesSteps'));
    expect(roles.filter(([, granted]) => !granted.includes('ec2:CreateNetworkInterface on *'))).toEqual([]);
  });

  test('reserves concurrency for every function, and keeps every log for the set time', () => {
    expect(new Set(functions.map((each) => each['ReservedConcurrentExecutions']))).toEqual(new Set([3]));
    expect(template).toHaveOnlyProperties('AWS::Logs::LogGroup', { RetentionInDays: 180 });
  });

  test('sends alarms to the topic and to other actions', () => {
    expect(template).toHaveOnlyProperties('AWS::CloudWatch::Alarm', {
      AlarmActions: [{ Ref: Match.stringLikeRegexp('^Topic') }, { Ref: Match.stringLikeRegexp('^Second') }],
    });
  });

  test('has the authorizer and the domain name for its API', () => {
    expect(template).toHaveOnlyProperties('AWS::ApiGatewayV2::Route', { AuthorizationType: 'CUSTOM' });
    expect(template).toHaveProperties('AWS::ApiGatewayV2::Api', { DisableExecuteApiEndpoint: true });
    expect(template).toHaveProperties('AWS::ApiGatewayV2::ApiMapping', { ApiMappingKey: 'v1' });
  });

  test('posts to the URL, signed with the secret', () => {
    expect(template).toHaveProperties('AWS::Lambda::Function', {
      Environment: {
        Variables: {
          STEP: 'announce-job',
          WEBHOOK_URL: 'https://hooks.example/n',
          WEBHOOK_SECRET_ID: { Ref: Match.stringLikeRegexp('^Signs') },
        },
      },
    });
    expect(template).toHaveCount('AWS::SecretsManager::Secret', 2);
  });
});

const CERTIFICATE = 'arn:aws:acm:eu-central-1:111122223333:certificate/1';

function inlineFunction(stack: Stack, id: string): Lambda {
  return new Lambda(stack, id, {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => ({ isAuthorized: false })'),
  });
}

describe('a stack that leaves nothing behind, without API and alarms', () => {
  const { stack, workflow } = create(() => ({
    removalPolicy: RemovalPolicy.DESTROY,
    reservedConcurrency: { 'upload-file': 5 },
    api: false,
    operations: false,
  }));
  const template = Template.fromStack(stack);

  test('deletes its buckets with their objects, and its secret', () => {
    expect(template).toHaveOnlyResources('AWS::S3::Bucket', { DeletionPolicy: 'Delete' });
    expect(template).toHaveCount('Custom::S3AutoDeleteObjects', 2);
    expect(template).toHaveOnlyResources('AWS::SecretsManager::Secret', { DeletionPolicy: 'Delete' });
  });

  test('keeps the versions of running jobs when it is deployed again', () => {
    for (const type of ['AWS::Lambda::Version', 'AWS::StepFunctions::StateMachineVersion'])
      expect(template).toHaveOnlyResources(type, { UpdateReplacePolicy: 'Retain' });
  });

  test('has no API and no function for one', () => {
    expect(workflow.api).toBeUndefined();
    expect(template).toHaveCount('AWS::ApiGatewayV2::Api', 0);
    expect(Object.keys(workflow.functions).toSorted()).toEqual(
      STEP_NAMES.filter((step) => step !== 'api').toSorted(),
    );
  });

  test('has no alarms, dashboard and saved queries', () => {
    for (const type of ['CloudWatch::Alarm', 'CloudWatch::Dashboard', 'Logs::QueryDefinition'])
      expect(template).toHaveCount(`AWS::${type}`, 0);
  });

  test('reserves concurrency for the named function', () => {
    const reserved = template.findResources('AWS::Lambda::Function', {
      Properties: { ReservedConcurrentExecutions: 5 },
    });
    expect(Object.keys(reserved)).toEqual([expect.stringMatching(/UploadFile/)]);
  });
});

describe('an existing bucket', () => {
  const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';

  test('is used and no other one is made; an imported key is used unchanged', () => {
    const { stack } = create((theirs) => ({
      bucket: Bucket.fromBucketName(theirs, 'Data', 'their-bucket'),
      encryptionKey: Key.fromKeyArn(theirs, 'Key', KEY),
    }));
    const template = Template.fromStack(stack);
    expect(template).toHaveCount('AWS::S3::Bucket', 0);
    expect(template).toHaveCount('AWS::KMS::Key', 0);
    expect(template).toHaveOnlyProperties('AWS::Logs::LogGroup', { KmsKeyId: KEY });
    expect(template).toHaveOnlyProperties('AWS::Lambda::Function', {
      Environment: { Variables: { STORE: 's3://their-bucket' } },
    });
    expect(template).toHaveProperties('AWS::Events::Rule', {
      EventPattern: { detail: { bucket: { name: ['their-bucket'] } } },
    });
    const decrypting = [...permissionsByRole(template)].filter(([, granted]) =>
      granted.includes(`kms:Decrypt on ${KEY}`),
    );
    expect(decrypting.length).toBeGreaterThan(10);
  });

  test('of the same app must send its events', () => {
    const silent = create((stack) => ({ bucket: new Bucket(stack, 'Silent') as IBucket }));
    expect(() => Template.fromStack(silent.stack)).toThrow('eventBridgeEnabled: true');
  });

  test('with its own key lets every role that reads or writes use the key', () => {
    const { stack } = create((theirs) => ({
      bucket: new Bucket(theirs, 'Loud', {
        eventBridgeEnabled: true,
        encryptionKey: new Key(theirs, 'Key'),
      }) as IBucket,
    }));
    expect(rolesWithoutKey(Template.fromStack(stack))).toEqual([]);
  });
});

test('docs/construct.md has exactly the properties', () => {
  const page = readFileSync(new URL('../../docs/construct.md', import.meta.url), 'utf8');
  const [, after = ''] = page.split('\n## Properties\n');
  const cells = [...(after.split('\n## ')[0] ?? '').matchAll(/^\| (`[^|]+`) \|/gm)];
  const named = cells.flatMap(([, cell = '']) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  expect(new Set(named)).toEqual(new Set(Object.keys(WORKFLOW_PROPS)));
  expect(named).toHaveLength(Object.keys(WORKFLOW_PROPS).length);
});

describe('properties that are not valid are refused, from JavaScript, too', () => {
  test.each<[object, string]>([
    [{ encyptionKey: {} }, 'encyptionKey does not exist. Did you mean "encryptionKey"?'],
    [{ architekture: 'arm64' }, 'Did you mean "architecture"?'],
    [{ completely: 'else' }, 'completely does not exist. There are: config, bucket'],
    [{ api: { autorizer: {} } }, 'api.autorizer does not exist. Did you mean "authorizer"?'],
    [{ webhook: { uri: 'x' } }, 'webhook.uri does not exist. Did you mean "url"?'],
    [{ reservedConcurrency: { upload: 1 } }, 'reservedConcurrency.upload does not exist'],
    [{ api: true }, 'api must be false or an object'],
    [{ operations: 'no' }, 'operations must be true or false'],
    [{ config: undefined }, 'config is missing'],
    [{ config: null }, 'config is missing'],
    [{ api: null }, 'api must be false or an object'],
    [{ webhook: null }, 'webhook must be an object'],
    [{ webhook: 'https://hooks.example' }, 'webhook must be an object'],
    [{ webhook: {} }, 'webhook.url is missing'],
    [{ reservedConcurrency: null }, 'reservedConcurrency must be a number'],
    [{ reservedConcurrency: '5' }, 'reservedConcurrency must be a number'],
  ])('%j: %s', (change, message) => {
    expect(() => create(() => change)).toThrow(message);
  });

  test('an API that is open to everybody', () => {
    expect(() => create(() => ({ api: { authorizer: new HttpNoneAuthorizer() } }))).toThrow(
      'everybody start jobs at your cost',
    );
  });

  test('subnets without a VPC', () => {
    expect(() => create(() => ({ subnets: {} }))).toThrow('give vpc as well');
  });

  test('a stack accepts only its own properties and those of the workflow', () => {
    const props = { config: CONFIG, stackName: 'Named', tags: { team: 'data' } };
    expect(new NightshiftStack(createForeignApp(), 'Nightshift', props).stackName).toBe('Named');
    const wrong = { ...props, desciption: 'x' };
    expect(() => new NightshiftStack(createForeignApp(), 'Nightshift', wrong)).toThrow(
      'Did you mean "description"?',
    );
  });
});

describe('two workflows in one stack', () => {
  const stack = new Stack(createForeignApp(), 'Theirs');
  const [one, two] = ['One', 'Two'].map((id) => new BatchWorkflow(stack, id, { config: CONFIG }));
  if (one === undefined || two === undefined) throw new Error('There are two.');
  one.addOutputs('One');
  two.addOutputs('Two');
  const grantee = (id: string): Role =>
    new Role(stack, id, { assumedBy: new AccountPrincipal('111122223333') });
  one.grantDrop(grantee('Dropper'));
  one.grantDrop(grantee('Classifier'), 'classify');
  one.grantReadResults(grantee('Reader'));
  one.grantStart(grantee('Starter'));
  const template = Template.fromStack(stack);
  const roles = [...permissionsByRole(template)];

  const granted = (id: string): string[] => {
    const [, permissions = []] = roles.find(([role]) => role.startsWith(id)) ?? [];
    return permissions
      .map((permission) => permission.replace(/<OneDataBucket\w+\.Arn>/, '<bucket>'))
      .toSorted();
  };

  test('have no name in common', () => {
    const { Resources } = template.toJSON() as {
      Resources: Record<string, { Type: string; Properties?: Record<string, unknown> }>;
    };
    const named = Object.values(Resources).flatMap(({ Type, Properties = {} }) =>
      ['Name', 'LogGroupName', 'QueueName', 'BucketName', 'DashboardName', 'AlarmName'].flatMap((field) =>
        typeof Properties[field] === 'string' && !/Alias|Stage/.test(Type)
          ? [`${Type} ${Properties[field]}`]
          : [],
      ),
    );
    expect(named.length).toBeGreaterThan(12);
    expect(new Set(named).size).toBe(named.length);
  });

  test('have outputs with a prefix each', () => {
    const outputs = Object.keys(template.findOutputs('*'));
    for (const name of ['OneBucketName', 'TwoBucketName', 'OneStateMachineAliasArn', 'TwoApiUrl'])
      expect(outputs).toContain(name);
  });

  test('grant writing below input/, or below the folder of one profile', () => {
    expect(granted('Dropper')).toEqual([
      's3:AbortMultipartUpload on <bucket>/input/*',
      's3:PutObject on <bucket>/input/*',
    ]);
    expect(granted('Classifier')).toContain('s3:PutObject on <bucket>/input/classify/*');
  });

  test('grant reading results below output/', () => {
    expect(granted('Reader')).toEqual(['s3:GetObject on <bucket>/output/*', 's3:ListBucket on <bucket>']);
  });

  test('grant starting jobs with the API and the command line', () => {
    const permissions = granted('Starter');
    for (const expected of [
      's3:PutObject on <bucket>/jobs/*',
      's3:GetObject on <bucket>/deployed/config.json',
    ])
      expect(permissions).toContain(expected);
    expect(permissions.filter((each) => each.startsWith('states:StartExecution'))).toHaveLength(2);
    expect(permissions.filter((each) => each.startsWith('execute-api:Invoke'))).toHaveLength(1);
  });

  test('have separate metrics', () => {
    const metric = one.metricRows('failed', { statistic: 'Average' });
    expect(metric).toMatchObject({ namespace: 'Nightshift', metricName: 'Rows', statistic: 'Average' });
    expect(metric.dimensions).toMatchObject({ Outcome: 'failed' });
    expect(metric.dimensions?.['service']).not.toBe(two.metricRows('failed').dimensions?.['service']);
    expect(one.metricJobs('Failed').metricName).toBe('ExecutionsFailed');
    expect(one.metricTokens('input').metricName).toBe('Tokens');
    expect(Object.keys(one.functions).toSorted()).toEqual(STEP_NAMES.toSorted());
  });
});
