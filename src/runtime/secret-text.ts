import { keepSecret, keptSecret, type SecretAnswer } from './kept-secrets.ts';
import { getSecretString } from './secrets-on-demand.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the text of a secret in AWS Secrets Manager, by its ARN or name. It is kept for five minutes to save calls; an empty or
 * unreadable secret is read again at the next call.
 * @returns the text, or the reason why it could not be read, which each caller reports with its own error
 */
export function readSecretText(secretId: string, now = Date.now()): Promise<SecretAnswer> {
  return keptSecret(secretId, now) ?? keepSecret(secretId, now, ask(secretId));
}

async function ask(secretId: string): Promise<SecretAnswer> {
  try {
    return { text: await getSecretString(secretId) };
  } catch (error) {
    return describe(error);
  }
}

/** Errors of Secrets Manager after which a retry may succeed. Any other 4xx needs a person to fix it. */
const PATIENCE = /Throttl|TooManyRequests|LimitExceeded|RequestTimeout|ExpiredToken|InternalServiceError/;

function describe(error: unknown): SecretAnswer {
  if (!(error instanceof Error)) return { code: 'unknown', transient: true };
  const { name, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  return { code: name, transient: status === undefined || status >= 500 || PATIENCE.test(name) };
}
