import { keepSecret, keptSecret, type SecretAnswer } from './kept-secrets.ts';
import { getSecretString } from './secrets-on-demand.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The text of a secret of AWS Secrets Manager, by its ARN or name. It is kept for five minutes, so that a poll costs no
 * call; a secret that is empty or cannot be read is read again the next time.
 * @returns why it could not be read, as data: whoever needs the secret has an error of its own for that
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

/** What Secrets Manager answers while it asks for patience; every other 4xx stays as it is until a person does something. */
const PATIENCE = /Throttl|TooManyRequests|LimitExceeded|RequestTimeout|ExpiredToken|InternalServiceError/;

function describe(error: unknown): SecretAnswer {
  if (!(error instanceof Error)) return { code: 'unknown', transient: true };
  const { name, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  return { code: name, transient: status === undefined || status >= 500 || PATIENCE.test(name) };
}
