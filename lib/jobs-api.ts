import { Names } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi,
  HttpMethod,
  HttpNoneAuthorizer,
  HttpStage,
  LogGroupLogDestination,
  type CorsPreflightOptions,
  type IDomainName,
  type IHttpRouteAuthorizer,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer, HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ROUTE_NAMES, ROUTES } from '../src/config/routes.ts';
import type { NightshiftConfig } from '../src/config/config.ts';
import { InvalidRequest } from '../src/errors.ts';
import { logGroupProps, type LogSettings } from './function-settings.ts';
import type { StepFunction } from './step-function.ts';

/** Properties of a deployed workflow's API. */
export interface ApiProps {
  /**
   * Who may call the API. A Lambda authorizer must return `principalId` in its context, which identifies the caller.
   * @default - bearer tokens of the configuration's `api.jwt`, otherwise requests signed with AWS credentials
   */
  readonly authorizer?: IHttpRouteAuthorizer;
  /**
   * Your own domain name for the API.
   * @default - the URL that API Gateway creates
   */
  readonly domainName?: IDomainName;
  /**
   * Path of the API below its domain name.
   * @default - the root
   */
  readonly mappingKey?: string;
  /**
   * Allows web pages of other origins to call the API.
   * @default - not allowed
   */
  readonly corsPreflight?: CorsPreflightOptions;
  /**
   * Disables the URL that API Gateway creates, so that only the domain name works.
   * @default false
   */
  readonly disableExecuteApiEndpoint?: boolean;
}

export interface JobsApiProps extends ApiProps {
  readonly serveApi: StepFunction;
  readonly logs: LogSettings;
  /**
   * The issuer of accepted bearer tokens.
   * @default - none: requests are signed with AWS credentials
   */
  readonly jwt?: NonNullable<NightshiftConfig['api']>['jwt'];
  /**
   * Requests per second, for all callers together.
   * @default 20
   */
  readonly requestsPerSecond?: number | undefined;
  /**
   * Burst: requests at the same moment.
   * @default 40
   */
  readonly burst?: number | undefined;
}

/** The jobs API: every route of `src/config/routes.ts`, all of them with authorization. */
export class JobsApi extends Construct {
  readonly httpApi: HttpApi;

  constructor(scope: Construct, id: string, props: JobsApiProps) {
    super(scope, id);
    const { serveApi, requestsPerSecond = 20, burst = 40 } = props;
    const jwt = props.authorizer === undefined ? props.jwt : undefined;
    this.httpApi = new HttpApi(this, 'HttpApi', {
      apiName: Names.uniqueResourceName(this, { maxLength: 128, separator: '-' }),
      description: 'Nightshift: start, follow, cancel and resume jobs',
      createDefaultStage: false,
      defaultAuthorizer: rejectOpen(props.authorizer) ?? createAuthorizer(jwt),
      ...settingsOf(props),
    });
    const integration = new HttpLambdaIntegration('Serve', serveApi.lambda);
    for (const name of ROUTE_NAMES) {
      const { method, path } = ROUTES[name];
      const scopes = jwt?.scopes?.[name];
      this.httpApi.addRoutes({
        path,
        methods: [HTTP_METHODS[method]],
        integration,
        ...(scopes && { authorizationScopes: [...scopes] }),
      });
    }
    // oxlint-disable-next-line no-new -- it adds itself to the API
    new HttpStage(this, 'Stage', {
      httpApi: this.httpApi,
      stageName: '$default',
      autoDeploy: true,
      ...mappingOf(props),
      throttle: { rateLimit: requestsPerSecond, burstLimit: burst },
      accessLogSettings: {
        destination: new LogGroupLogDestination(this.createAccessLogs(props.logs)),
        format: accessLog(callerVariable(props)),
      },
    });
  }

  private createAccessLogs(logs: LogSettings): LogGroup {
    return new LogGroup(this, 'AccessLogs', {
      // Log groups with this prefix share one resource policy, which has room for only a few names.
      logGroupName: `/aws/vendedlogs/apis/${Names.uniqueResourceName(this, { maxLength: 200, separator: '-' })}`,
      ...logGroupProps(logs),
    });
  }
}

const HTTP_METHODS = { get: HttpMethod.GET, post: HttpMethod.POST } as const;

function settingsOf({ corsPreflight, disableExecuteApiEndpoint }: JobsApiProps) {
  return {
    ...(corsPreflight && { corsPreflight }),
    ...(disableExecuteApiEndpoint !== undefined && { disableExecuteApiEndpoint }),
  };
}

function mappingOf({ domainName, mappingKey }: JobsApiProps) {
  if (domainName === undefined) return {};
  return { domainMapping: { domainName, ...(mappingKey !== undefined && { mappingKey }) } };
}

/** The access log's variable for the caller; it depends on the authorizer. */
function callerVariable({ authorizer, jwt }: JobsApiProps): string {
  if (authorizer instanceof HttpIamAuthorizer) return '$context.identity.caller';
  if (authorizer instanceof HttpJwtAuthorizer) return '$context.authorizer.claims.sub';
  if (authorizer !== undefined) return '$context.authorizer.principalId';
  return jwt === undefined ? '$context.identity.caller' : '$context.authorizer.claims.sub';
}

/**
 * Rejects an authorizer that lets everybody in; returns any other unchanged.
 * @throws InvalidRequest for an API without authorization: anybody who finds its URL could spend money
 */
function rejectOpen(authorizer: IHttpRouteAuthorizer | undefined): IHttpRouteAuthorizer | undefined {
  if (!(authorizer instanceof HttpNoneAuthorizer)) return authorizer;
  throw new InvalidRequest(
    'api.authorizer: HttpNoneAuthorizer would let everybody start jobs at your cost. Give an authorizer that identifies callers, or leave it out.',
  );
}

function createAuthorizer(jwt: JobsApiProps['jwt']): IHttpRouteAuthorizer {
  if (jwt === undefined) return new HttpIamAuthorizer();
  return new HttpJwtAuthorizer('Jwt', jwt.issuer, { jwtAudience: [...jwt.audience] });
}

/**
 * Fields of the access log: caller, request and result, and API Gateway's error if the request did not reach the function.
 * @param caller the variable for the caller; it depends on the authorizer
 */
function accessLog(caller: string): AccessLogFormat {
  return AccessLogFormat.custom(
    JSON.stringify({
      requestId: '$context.requestId',
      time: '$context.requestTime',
      ip: '$context.identity.sourceIp',
      caller,
      route: '$context.routeKey',
      path: '$context.path',
      status: '$context.status',
      bytes: '$context.responseLength',
      milliseconds: '$context.responseLatency',
      error: '$context.error.message',
      integrationError: '$context.integrationErrorMessage',
    }),
  );
}
