import * as z from 'zod';

const claim = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]);

/** The fields that are read from API Gateway's request context. */
const contextSchema = z.object({
  requestContext: z.object({
    authorizer: z.object({
      iam: z.object({ accountId: z.string(), callerId: z.string() }).optional(),
      jwt: z.object({ claims: z.record(z.string(), claim) }).optional(),
      /** The context that a Lambda authorizer of the app's owner returned. */
      lambda: z.record(z.string(), z.unknown()).nullable().optional(),
    }),
  }),
});

/**
 * Identifies the sender of a request: for IAM the user or role, without the session name, which changes with every login; for a
 * token its issuer and subject; for a Lambda authorizer the `principalId` that it returns.
 * @param event API Gateway's event, payload format 2.0
 * @throws Error when the event identifies no sender
 */
export function callerOf(event: unknown): string {
  const { iam, jwt, lambda } = contextSchema.parse(event).requestContext.authorizer;
  if (iam !== undefined) return `iam:${iam.accountId}:${withoutSession(iam.callerId)}`;
  const { iss, sub } = jwt?.claims ?? {};
  if (typeof iss === 'string' && typeof sub === 'string') return `jwt:${iss}:${sub}`;
  const principal = lambda?.['principalId'];
  if (typeof principal === 'string' && principal !== '') return `own:${principal}`;
  throw new Error(
    'The sender of the request is unknown: it has no IAM caller, no token with a subject, and no principalId of an authorizer.',
  );
}

/** A role's id is `AROA…:session`: the session is removed. A federated user's id is `<account>:<name>` and is kept whole. */
function withoutSession(callerId: string): string {
  return callerId.startsWith('AROA') ? (callerId.split(':')[0] ?? callerId) : callerId;
}
