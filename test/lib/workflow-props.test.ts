import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { HttpNoneAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaAuthorizer, HttpLambdaResponseType } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { DomainName } from 'aws-cdk-lib/aws-apigatewayv2';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { LambdaAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
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
import type { BatchWorkflowProps } from '../../lib/workflow-props.ts';
import { permissionsByRole } from './step-policies.ts';
import { CONFIG, createForeignApp } from './synthesized-stack.ts';

/** Types of the CDK differ in nothing but `undefined`, which this project's compiler tells from absence: hence `as IBucket` and the like. */
type Change = (stack: Stack) => Partial<BatchWorkflowProps>;

/** A workflow with some properties in somebody else's stack. */
function create(change: Change = () => ({})): { stack: Stack; workflow: BatchWorkflow } {
  const stack = new Stack(createForeignApp(), 'Theirs');
  return { stack, workflow: new BatchWorkflow(stack, 'Batches', { config: CONFIG, ...change(stack) }) };
}

const templateWith = (change: Change): Template => Template.fromStack(create(change).stack);

const STEP_NAMES = Object.keys(STEPS) as StepName[];

describe('a bucket that exists', () => {
  const imported: Change = (stack) => ({ bucket: Bucket.fromBucketName(stack, 'Theirs', 'their-bucket') });

  test('is used, and none is made', () => {
    const template = templateWith(imported);
    expect(template).toHaveCount('AWS::S3::Bucket', 0);
    for (const STEP of STEP_NAMES) {
      expect(template).toHaveProperties('AWS::Lambda::Function', {
        Environment: { Variables: { STEP, STORE: 's3://their-bucket' } },
      });
    }
    expect(template).toHaveProperties('AWS::Events::Rule', {
      EventPattern: { detail: { bucket: { name: ['their-bucket'] } } },
    });
  });

  test('of the same app has to send its events', () => {
    const silent = create((stack) => ({ bucket: new Bucket(stack, 'Silent') as IBucket }));
    expect(() => Template.fromStack(silent.stack)).toThrow('eventBridgeEnabled: true');
    const { stack } = create((theirs) => ({
      bucket: new Bucket(theirs, 'Loud', { eventBridgeEnabled: true }) as IBucket,
    }));
    expect(Template.fromStack(stack)).toHaveCount('AWS::S3::Bucket', 1);
  });

  test('with a key of its own lets every role that reads or writes use the key', () => {
    const { stack } = create((theirs) => ({
      bucket: new Bucket(theirs, 'Bucket', {
        eventBridgeEnabled: true,
        encryptionKey: new Key(theirs, 'Key'),
      }) as IBucket,
    }));
    expect(rolesWithoutKey(Template.fromStack(stack))).toEqual([]);
  });
});

describe('a key', () => {
  const encrypted = (): Template => templateWith((stack) => ({ encryptionKey: new Key(stack, 'Key') }));

  test('reaches every role that reads or writes objects, and no other', () => {
    expect(rolesWithoutKey(encrypted())).toEqual([]);
  });

  test('encrypts the data, the logs, the secret and the queue', () => {
    const template = encrypted();
    const key = { 'Fn::GetAtt': [Match.stringLikeRegexp('^Key'), 'Arn'] };
    expect(template).toHaveOnlyProperties('AWS::Logs::LogGroup', { KmsKeyId: key });
    expect(template).toHaveOnlyProperties('AWS::SecretsManager::Secret', { KmsKeyId: key });
    expect(template).toHaveOnlyProperties('AWS::SQS::Queue', { KmsMasterKeyId: key });
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
    'may be used by the service %s, which holds what it encrypts',
    (service) => {
      const [policy = ''] = Object.values(encrypted().findResources('AWS::KMS::Key')).map((resource) =>
        JSON.stringify(resource),
      );
      expect(policy).toContain(service);
    },
  );

  test('that is imported is used as it is', () => {
    const arn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const template = templateWith((stack) => ({ encryptionKey: Key.fromKeyArn(stack, 'Key', arn) }));
    expect(template).toHaveOnlyProperties('AWS::Logs::LogGroup', { KmsKeyId: arn });
    expect(template).toHaveCount('AWS::KMS::Key', 0);
  });
});

/** Steps whose role reads or writes objects and may not decrypt them. */
function rolesWithoutKey(template: Template): string[] {
  return [...permissionsByRole(template)].flatMap(([role, granted]) => {
    const step = /^BatchesSteps(\w+?)Role/.exec(role)?.[1];
    if (step === undefined) return [];
    const usesObjects = granted.some((permission) => /^s3:(Get|Put)Object on/.test(permission));
    const mayDecrypt = granted.some((permission) => permission.startsWith('kms:Decrypt on <Key'));
    return usesObjects && !mayDecrypt ? [step] : [];
  });
}

describe('a network', () => {
  test('is where every function runs, with its subnets and security groups, and every role may be there', () => {
    const template = templateWith((stack) => {
      const vpc = new Vpc(stack, 'Vpc', { maxAzs: 2 }) as IVpc;
      const group = new SecurityGroup(stack, 'Group', { vpc });
      return { vpc, subnets: { subnetType: SubnetType.PRIVATE_WITH_EGRESS }, securityGroups: [group] };
    });
    const functions = template.findResources('AWS::Lambda::Function', {
      Properties: { Runtime: 'nodejs24.x' },
    });
    const groups = Object.values(functions).map(({ Properties }) =>
      JSON.stringify(
        (Properties as { VpcConfig?: { SecurityGroupIds?: unknown } }).VpcConfig?.SecurityGroupIds,
      ),
    );
    expect(groups).toHaveLength(13);
    expect(new Set(groups).size).toBe(1);
    expect(groups[0]).toMatch(/Group\w+.*GroupId/);
    const roles = [...permissionsByRole(template)].filter(([role]) => role.startsWith('BatchesSteps'));
    expect(roles.filter(([, granted]) => !granted.includes('ec2:CreateNetworkInterface on *'))).toEqual([]);
  });

  test('is needed for subnets and security groups', () => {
    expect(() => create(() => ({ subnets: {} }))).toThrow('give vpc, too');
  });
});

test('concurrency is reserved for every function, or for those that are named', () => {
  const all = templateWith(() => ({ reservedConcurrency: 3 }));
  expect(all).toHaveOnlyProperties('AWS::Lambda::Function', { ReservedConcurrentExecutions: 3 });
  const one = templateWith(() => ({ reservedConcurrency: { 'upload-file': 5 } }));
  const reserved = one.findResources('AWS::Lambda::Function', {
    Properties: { ReservedConcurrentExecutions: 5 },
  });
  expect(Object.keys(reserved)).toEqual([expect.stringMatching(/UploadFile/)]);
});

test('every log group keeps what is asked for', () => {
  const template = templateWith(() => ({ logRetention: RetentionDays.SIX_MONTHS }));
  expect(template).toHaveOnlyProperties('AWS::Logs::LogGroup', { RetentionInDays: 180 });
});

describe('a stack that is to leave nothing behind', () => {
  const template = templateWith(() => ({ removalPolicy: RemovalPolicy.DESTROY }));

  test('deletes its buckets with their objects, and its secret', () => {
    expect(template).toHaveOnlyResources('AWS::S3::Bucket', { DeletionPolicy: 'Delete' });
    expect(template).toHaveCount('Custom::S3AutoDeleteObjects', 2);
    expect(template).toHaveOnlyResources('AWS::SecretsManager::Secret', { DeletionPolicy: 'Delete' });
  });

  test('takes no version from running jobs when it is deployed again', () => {
    for (const type of ['AWS::Lambda::Version', 'AWS::StepFunctions::StateMachineVersion'])
      expect(template).toHaveOnlyResources(type, { UpdateReplacePolicy: 'Retain' });
  });
});

describe('alarms', () => {
  test('go to a topic and to other actions of the app', () => {
    const template = templateWith((stack) => ({
      alarmTopic: new Topic(stack, 'Topic'),
      alarmActions: [
        new LambdaAction(
          new Lambda(stack, 'Pager', {
            runtime: Runtime.NODEJS_24_X,
            handler: 'index.handler',
            code: Code.fromInline('exports.handler = async () => {}'),
          }),
        ),
      ],
    }));
    expect(template).toHaveOnlyProperties('AWS::CloudWatch::Alarm', {
      AlarmActions: [
        { Ref: Match.stringLikeRegexp('^Topic') },
        { 'Fn::GetAtt': [Match.stringLikeRegexp('^Pager'), 'Arn'] },
      ],
    });
  });

  test('are left out with everything else that is for operations', () => {
    const template = templateWith(() => ({ operations: false }));
    for (const type of ['CloudWatch::Alarm', 'CloudWatch::Dashboard', 'Logs::QueryDefinition'])
      expect(template).toHaveCount(`AWS::${type}`, 0);
  });
});

describe('the API', () => {
  test('can be left out, with its function', () => {
    const { stack, workflow } = create(() => ({ api: false }));
    const template = Template.fromStack(stack);
    expect(workflow.api).toBeUndefined();
    expect(template).toHaveCount('AWS::ApiGatewayV2::Api', 0);
    expect(template).toHaveCount('AWS::Lambda::Function', 12);
  });

  test('takes an authorizer and a domain name of the app', () => {
    const template = templateWith((stack) => ({
      api: {
        authorizer: new HttpLambdaAuthorizer('Own', authorizerFunction(stack), {
          responseTypes: [HttpLambdaResponseType.SIMPLE],
        }),
        domainName: new DomainName(stack, 'Domain', {
          domainName: 'batches.example.com',
          certificate: Certificate.fromCertificateArn(stack, 'Certificate', CERTIFICATE),
        }),
        mappingKey: 'v1',
        disableExecuteApiEndpoint: true,
      },
    }));
    expect(template).toHaveOnlyProperties('AWS::ApiGatewayV2::Route', { AuthorizationType: 'CUSTOM' });
    expect(template).toHaveProperties('AWS::ApiGatewayV2::Api', { DisableExecuteApiEndpoint: true });
    expect(template).toHaveProperties('AWS::ApiGatewayV2::ApiMapping', { ApiMappingKey: 'v1' });
  });

  test('is never open to everybody', () => {
    expect(() => create(() => ({ api: { authorizer: new HttpNoneAuthorizer() } }))).toThrow(
      'everybody start jobs at your cost',
    );
  });
});

const CERTIFICATE = 'arn:aws:acm:eu-central-1:111122223333:certificate/1';

function authorizerFunction(stack: Stack): Lambda {
  return new Lambda(stack, 'Authorizer', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = async () => ({ isAuthorized: false })'),
  });
}

test('a webhook takes its address and its secret from the app', () => {
  const template = templateWith((stack) => ({
    webhook: { url: 'https://hooks.example/n', secret: new Secret(stack, 'Signs') as ISecret },
  }));
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
  ])('%j: %s', (change, message) => {
    expect(() => create(() => change)).toThrow(message);
  });

  test('a stack takes its own properties beside those of the workflow, and no other', () => {
    const props = { config: CONFIG, stackName: 'Named', tags: { team: 'data' } };
    expect(new NightshiftStack(createForeignApp(), 'Nightshift', props).stackName).toBe('Named');
    const wrong = { ...props, desciption: 'x' };
    expect(() => new NightshiftStack(createForeignApp(), 'Nightshift', wrong)).toThrow(
      'Did you mean "description"?',
    );
  });
});

describe('what an app does with a workflow', () => {
  const grantee = (stack: Stack): Role =>
    new Role(stack, 'Somebody', { assumedBy: new AccountPrincipal('111122223333') });

  const granted = (grant: (workflow: BatchWorkflow, role: Role) => void): readonly string[] => {
    const { stack, workflow } = create();
    grant(workflow, grantee(stack));
    const found = [...permissionsByRole(Template.fromStack(stack))].find(([role]) =>
      role.startsWith('Somebody'),
    );
    return (found?.[1] ?? []).map((permission) =>
      permission.replace(/<BatchesDataBucket\w+\.Arn>/, '<bucket>'),
    );
  };

  test('to drop files takes writing below input/, or one profile of it', () => {
    expect(granted((workflow, role) => workflow.grantDrop(role)).toSorted()).toEqual([
      's3:AbortMultipartUpload on <bucket>/input/*',
      's3:PutObject on <bucket>/input/*',
    ]);
    expect(granted((workflow, role) => workflow.grantDrop(role, 'classify'))).toContain(
      's3:PutObject on <bucket>/input/classify/*',
    );
  });

  test('to read results takes reading below output/', () => {
    expect(granted((workflow, role) => workflow.grantReadResults(role)).toSorted()).toEqual([
      's3:GetObject on <bucket>/output/*',
      's3:ListBucket on <bucket>',
    ]);
  });

  test('to start jobs takes what the API and the command line ask for', () => {
    const permissions = granted((workflow, role) => workflow.grantStart(role));
    for (const expected of [
      's3:PutObject on <bucket>/jobs/*',
      's3:GetObject on <bucket>/deployed/config.json',
    ])
      expect(permissions).toContain(expected);
    expect(permissions.filter((each) => each.startsWith('states:StartExecution'))).toHaveLength(2);
    expect(permissions.filter((each) => each.startsWith('execute-api:Invoke'))).toHaveLength(1);
  });

  test('metrics have the dimension of their workflow', () => {
    const { stack, workflow } = create();
    const metric = workflow.metricRows('failed', { statistic: 'Average' });
    expect(metric).toMatchObject({ namespace: 'Nightshift', metricName: 'Rows', statistic: 'Average' });
    expect(stack.resolve(metric.dimensions)).toMatchObject({ Outcome: 'failed' });
    expect(workflow.metricJobs('Failed').metricName).toBe('ExecutionsFailed');
    expect(workflow.metricTokens('input').metricName).toBe('Tokens');
  });

  test('every function is there by the name of its step', () => {
    expect(Object.keys(create().workflow.functions).toSorted()).toEqual(STEP_NAMES.toSorted());
  });

  test('outputs of two workflows in one stack have a prefix each', () => {
    const stack = new Stack(createForeignApp(), 'Theirs');
    for (const id of ['One', 'Two']) new BatchWorkflow(stack, id, { config: CONFIG }).addOutputs(id);
    const outputs = Object.keys(Template.fromStack(stack).findOutputs('*'));
    for (const name of ['OneBucketName', 'TwoBucketName', 'OneStateMachineAliasArn', 'TwoApiUrl'])
      expect(outputs).toContain(name);
  });
});

test('nothing of two workflows in one stack has the same name', () => {
  const stack = new Stack(createForeignApp(), 'Theirs');
  for (const id of ['One', 'Two']) new BatchWorkflow(stack, id, { config: CONFIG }).addOutputs(id);
  const { Resources } = Template.fromStack(stack).toJSON() as {
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
