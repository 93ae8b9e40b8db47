import { Match, Template } from 'aws-cdk-lib/assertions';
import { describe, expect, test } from 'vitest';
import { NightshiftStack } from '../../lib/nightshift-stack.ts';
import { ROUTES } from '../../src/api/routes.ts';
import type { NightshiftConfig } from '../../src/config/config.ts';
import { CONFIG, createApp, stackTemplate } from './synthesized-stack.ts';

const stackOf = (config: Partial<NightshiftConfig>): Template =>
  Template.fromStack(new NightshiftStack(createApp(), 'Nightshift', { config: { ...CONFIG, ...config } }));

test('the API has the routes of the app and no other', () => {
  const routes = Object.values(stackTemplate().findResources('AWS::ApiGatewayV2::Route'));
  const keys = routes.map((route) => String(route['Properties'].RouteKey));
  const wanted = Object.values(ROUTES).map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  expect(new Set(keys)).toEqual(new Set(wanted));
});

test('every route takes AWS credentials and nothing less', () => {
  expect(stackTemplate()).toHaveOnlyProperties('AWS::ApiGatewayV2::Route', {
    AuthorizationType: 'AWS_IAM',
  });
});

describe('with a token issuer configured', () => {
  const jwt = { issuer: 'https://issuer.example', audience: ['nightshift'] };

  test('every route takes its tokens', () => {
    const template = stackOf({ api: { jwt } });
    expect(template).toHaveOnlyProperties('AWS::ApiGatewayV2::Route', {
      AuthorizationType: 'JWT',
      AuthorizerId: { Ref: Match.stringLikeRegexp('Jwt') },
    });
    expect(template).toHaveProperties('AWS::ApiGatewayV2::Authorizer', {
      AuthorizerType: 'JWT',
      JwtConfiguration: { Issuer: jwt.issuer, Audience: jwt.audience },
    });
  });
});

test('every request is logged: who, what and how it went', () => {
  const [stage] = Object.values(stackTemplate().findResources('AWS::ApiGatewayV2::Stage'));
  const { AccessLogSettings } = (stage?.['Properties'] ?? {}) as {
    AccessLogSettings: Record<string, unknown>;
  };
  const { DestinationArn, Format } = AccessLogSettings;
  expect(JSON.stringify(DestinationArn)).toContain('AccessLogs');
  expect(Object.keys(JSON.parse(String(Format)) as object)).toEqual(
    expect.arrayContaining(['requestId', 'caller', 'route', 'status', 'error']),
  );
});

test.each([
  [undefined, 20, 40],
  [{ requestsPerSecond: 5, burst: 7 }, 5, 7],
])('with the limits %j callers have %i requests a second, %i at once', (api, rate, burst) => {
  const template = api === undefined ? stackTemplate() : stackOf({ limits: { api } });
  expect(template).toHaveProperties('AWS::ApiGatewayV2::Stage', {
    StageName: '$default',
    AutoDeploy: true,
    DefaultRouteSettings: { ThrottlingRateLimit: rate, ThrottlingBurstLimit: burst },
  });
});

test('its routes end in the api function, which only they may call', () => {
  expect(stackTemplate()).toHaveProperties('AWS::ApiGatewayV2::Integration', {
    IntegrationType: 'AWS_PROXY',
    PayloadFormatVersion: '2.0',
    IntegrationUri: { 'Fn::GetAtt': [Match.stringLikeRegexp('ApiFunction'), 'Arn'] },
  });
  const permissions = Object.values(stackTemplate().findResources('AWS::Lambda::Permission'));
  const onApi = permissions.filter((permission) =>
    JSON.stringify(permission['Properties'].FunctionName).includes('StepsApiFunction'),
  );
  expect(onApi).toHaveLength(Object.keys(ROUTES).length);
  expect(new Set(onApi.map((permission) => permission['Properties'].Principal as string))).toEqual(
    new Set(['apigateway.amazonaws.com']),
  );
});
