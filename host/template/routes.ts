import { z } from 'zod';
import type { Resource } from './resources.ts';

const routeSchema = z.object({
  /** `POST /jobs/{jobId}/cancel` */
  RouteKey: z.string().regex(/^[A-Z]+ \//),
  AuthorizationType: z.enum(['AWS_IAM', 'JWT']),
});

/** The routes of the HTTP API, as `POST /jobs/{jobId}`. */
export function readRoutes(resources: readonly Resource[]): string[] {
  return resources
    .filter(({ type }) => type === 'AWS::ApiGatewayV2::Route')
    .map(({ properties }) => routeSchema.parse(properties).RouteKey);
}

/** True if a request matches one of the routes. */
export function hasRoute(routes: readonly string[], method: string, path: string): boolean {
  return routes.some((route) => {
    const [routeMethod, pattern = ''] = route.split(' ');
    const parts = pattern.split('/');
    const given = path.split('/');
    return (
      routeMethod === method &&
      parts.length === given.length &&
      parts.every((part, n) => part === given[n] || (/^\{\w+\}$/.test(part) && given[n] !== ''))
    );
  });
}
