import { z } from 'zod';

const claim = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);

/** What API Gateway says of a request's sender, as far as it is used. */
const contextSchema = z.object({
  requestContext: z.object({
    authorizer: z.object({
      iam: z.object({ accountId: z.string(), callerId: z.string() }).optional(),
      jwt: z.object({ claims: z.record(z.string(), claim) }).optional(),
    }),
  }),
});

/**
 * Who sends a request. For IAM the user or role, without the session's name, which changes with every login; for a
 * token its issuer and subject.
 * @param event API Gateway's event, payload format 2.0
 */
export function callerOf(event: unknown): string {
  const { iam, jwt } = contextSchema.parse(event).requestContext.authorizer;
  if (iam !== undefined) return `iam:${iam.accountId}:${iam.callerId.split(':')[0] ?? ''}`;
  if (jwt !== undefined) return `jwt:${String(jwt.claims['iss'])}:${String(jwt.claims['sub'])}`;
  throw new Error('The request was let in by no authorizer that is known.');
}
