import { Match, type Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ROUTES } from '../../src/config/routes.ts';
import { callersOf } from './step-policies.ts';
import { stackTemplate, templateOf } from './synthesized-stack.ts';

const JWT = { issuer: 'https://issuer.example', audience: ['nightshift', 'nightshift-test'] };

const tokenTemplate = templateOf.bind(undefined, { api: { jwt: JWT } });

const scopedSchema = z.object({
  Properties: z.object({ RouteKey: z.string(), AuthorizationScopes: z.array(z.string()).optional() }),
});

const routeSchema = z.object({ Properties: z.object({ RouteKey: z.string() }) });

test('the API has exactly the routes of the app', () => {
  const routes = Object.values(stackTemplate().findResources('AWS::ApiGatewayV2::Route'));
  const keys = routes.map((route) => routeSchema.parse(route).Properties.RouteKey);
  const wanted = Object.values(ROUTES).map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  expect(keys.toSorted()).toEqual(wanted.toSorted());
});

test('there is one API, over HTTP', () => {
  expect(stackTemplate()).toHaveCount('AWS::ApiGatewayV2::Api', 1);
  expect(stackTemplate()).toHaveProperties('AWS::ApiGatewayV2::Api', { ProtocolType: 'HTTP' });
});

test('no website may call it from a browser', () => {
  expect(stackTemplate()).toHaveProperties('AWS::ApiGatewayV2::Api', { CorsConfiguration: Match.absent() });
});

test('every route requires AWS credentials', () => {
  expect(stackTemplate()).toHaveOnlyProperties('AWS::ApiGatewayV2::Route', {
    AuthorizationType: 'AWS_IAM',
    AuthorizerId: Match.absent(),
  });
});

describe('with a token issuer configured', () => {
  test('every route requires its tokens', () => {
    expect(tokenTemplate()).toHaveCount('AWS::ApiGatewayV2::Route', Object.keys(ROUTES).length);
    expect(tokenTemplate()).toHaveOnlyProperties('AWS::ApiGatewayV2::Route', {
      AuthorizationType: 'JWT',
      AuthorizerId: { Ref: Match.stringLikeRegexp('Jwt') },
    });
  });

  test('tokens must be of the issuer and for the audience', () => {
    expect(tokenTemplate()).toHaveCount('AWS::ApiGatewayV2::Authorizer', 1);
    expect(tokenTemplate()).toHaveProperties('AWS::ApiGatewayV2::Authorizer', {
      AuthorizerType: 'JWT',
      IdentitySource: ['$request.header.Authorization'],
      JwtConfiguration: { Issuer: JWT.issuer, Audience: JWT.audience },
    });
  });

  test('a route accepts only tokens with one of its scopes', () => {
    const scopes = { createJob: ['jobs.write'], getJob: ['jobs.read', 'jobs.write'] };
    const template = templateOf({ api: { jwt: { ...JWT, scopes } } });

    const found = Object.values(template.findResources('AWS::ApiGatewayV2::Route')).map((route) => {
      const { RouteKey, AuthorizationScopes } = scopedSchema.parse(route).Properties;
      return [RouteKey, AuthorizationScopes];
    });

    expect(found).toContainEqual(['POST /jobs', scopes.createJob]);
    expect(found).toContainEqual(['GET /jobs/{jobId}', scopes.getJob]);
    expect(found).toContainEqual(['POST /jobs/{jobId}/cancel', undefined]);
  });

  test('the caller in the access log is the subject of the token', () => {
    expect(accessLogOf(tokenTemplate())).toMatchObject({ caller: '$context.authorizer.claims.sub' });
  });
});

test('every request is logged as one line of JSON with caller, route and result', () => {
  expect(accessLogOf(stackTemplate())).toEqual({
    requestId: '$context.requestId',
    time: '$context.requestTime',
    ip: '$context.identity.sourceIp',
    caller: '$context.identity.caller',
    route: '$context.routeKey',
    path: '$context.path',
    status: '$context.status',
    bytes: '$context.responseLength',
    milliseconds: '$context.responseLatency',
    error: '$context.error.message',
    integrationError: '$context.integrationErrorMessage',
  });
});

test('requests are logged to a vended log group', () => {
  const [id] = Object.keys(
    stackTemplate().findResources('AWS::Logs::LogGroup', {
      Properties: { LogGroupName: Match.stringLikeRegexp('^/aws/vendedlogs/apis/Nightshift') },
    }),
  );
  expect(stackTemplate()).toHaveProperties('AWS::ApiGatewayV2::Stage', {
    AccessLogSettings: { DestinationArn: { 'Fn::GetAtt': [id, 'Arn'] } },
  });
});

const stageSchema = z.object({
  Properties: z.object({ AccessLogSettings: z.object({ Format: z.string() }) }),
});

function accessLogOf(template: Template): unknown {
  const [stage] = Object.values(template.findResources('AWS::ApiGatewayV2::Stage'));
  return JSON.parse(stageSchema.parse(stage).Properties.AccessLogSettings.Format);
}

test('there is one stage, without a path, and it is deployed automatically', () => {
  expect(stackTemplate()).toHaveCount('AWS::ApiGatewayV2::Stage', 1);
  expect(stackTemplate()).toHaveProperties('AWS::ApiGatewayV2::Stage', {
    StageName: '$default',
    AutoDeploy: true,
  });
});

test.each([
  [undefined, 20, 40],
  [{ requestsPerSecond: 5 }, 5, 40],
  [{ burst: 7 }, 20, 7],
  [{ requestsPerSecond: 5, burst: 7 }, 5, 7],
])('the limits %j allow %i requests per second and %i at once', (api, rate, burst) => {
  const template = api === undefined ? stackTemplate() : templateOf({ limits: { api } });
  expect(template).toHaveProperties('AWS::ApiGatewayV2::Stage', {
    DefaultRouteSettings: { ThrottlingRateLimit: rate, ThrottlingBurstLimit: burst },
  });
});

test('every route ends in the api function', () => {
  expect(stackTemplate()).toHaveOnlyProperties('AWS::ApiGatewayV2::Integration', {
    IntegrationType: 'AWS_PROXY',
    PayloadFormatVersion: '2.0',
    IntegrationUri: { 'Fn::GetAtt': [Match.stringLikeRegexp('StepsApiFunction'), 'Arn'] },
  });
});

test('only its routes may call the api function', () => {
  const from = 'arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<HttpApi>';
  const callers = callersOf('api').map((caller) => caller.replace(/<WorkflowApiHttpApi\w+>/, '<HttpApi>'));
  const wanted = Object.values(ROUTES).map(({ path }) => `apigateway.amazonaws.com from ${from}/*/*${path}`);
  expect(callers).toEqual(wanted.toSorted());
});
