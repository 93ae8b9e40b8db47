import { Names, RemovalPolicy } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  HttpApi,
  HttpMethod,
  HttpStage,
  LogGroupLogDestination,
  type IHttpRouteAuthorizer,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer, HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { ROUTE_NAMES, ROUTES } from '../src/config/routes.ts';
import type { NightshiftConfig } from '../src/config/config.ts';
import type { StepFunction } from './step-function.ts';

export interface JobsApiProps {
  readonly serveApi: StepFunction;
  /**
   * Whose bearer tokens are taken.
   * @default - none: requests are signed with AWS credentials
   */
  readonly jwt?: NonNullable<NightshiftConfig['api']>['jwt'];
  /**
   * Requests a second, of all callers together.
   * @default 20
   */
  readonly requestsPerSecond?: number | undefined;
  /**
   * Requests at the same moment.
   * @default 40
   */
  readonly burst?: number | undefined;
}

/** The jobs API: every route of `src/config/routes.ts`, none of them open to everybody. */
export class JobsApi extends Construct {
  readonly httpApi: HttpApi;

  constructor(scope: Construct, id: string, props: JobsApiProps) {
    super(scope, id);
    const { serveApi, jwt, requestsPerSecond = 20, burst = 40 } = props;
    this.httpApi = new HttpApi(this, 'HttpApi', {
      apiName: Names.uniqueResourceName(this, { maxLength: 128, separator: '-' }),
      description: 'Nightshift: start, follow, cancel and resume jobs',
      createDefaultStage: false,
      defaultAuthorizer: createAuthorizer(jwt),
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
      throttle: { rateLimit: requestsPerSecond, burstLimit: burst },
      accessLogSettings: {
        destination: new LogGroupLogDestination(this.createAccessLogs()),
        format: accessLog(jwt === undefined ? '$context.identity.caller' : '$context.authorizer.claims.sub'),
      },
    });
  }

  private createAccessLogs(): LogGroup {
    return new LogGroup(this, 'AccessLogs', {
      // Vended logs share one resource policy by prefix, which has room for few names only.
      logGroupName: `/aws/vendedlogs/apis/${Names.uniqueResourceName(this, { maxLength: 200, separator: '-' })}`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}

const HTTP_METHODS = { get: HttpMethod.GET, post: HttpMethod.POST } as const;

function createAuthorizer(jwt: JobsApiProps['jwt']): IHttpRouteAuthorizer {
  if (jwt === undefined) return new HttpIamAuthorizer();
  return new HttpJwtAuthorizer('Jwt', jwt.issuer, { jwtAudience: [...jwt.audience] });
}

/**
 * Who asked for what, and how it went; what API Gateway has to say when it did not get as far as the function.
 * @param caller the variable that tells who asked; it depends on the authorizer
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
