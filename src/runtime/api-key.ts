import { ProviderDenied, ProviderUnavailable, withCode } from '../errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `MELIOUS_API_KEY` for the provider `melious`. */
export function apiKeyVariable(provider: string): string {
  return `${provider.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_API_KEY`;
}

/**
 * A provider's key: from its environment variable where that is set (one machine), else from the secret named by
 * SECRET_ARN (AWS), which holds `{"<provider>": "<key>"}`. The key goes nowhere but into the Authorization header.
 * @throws ProviderDenied when there is no key, which stops the job until there is one.
 */
export async function readApiKey(provider: string, env: Environment): Promise<string> {
  const key = env[apiKeyVariable(provider)] ?? (await readSecret(env))[provider];
  if (typeof key === 'string' && key.trim() !== '') return key.trim();
  const place =
    env['SECRET_ARN'] === undefined
      ? `Set the environment variable ${apiKeyVariable(provider)}.`
      : `Put {"${provider}": "<key>"} into the secret ${env['SECRET_ARN']}.`;
  throw new ProviderDenied(
    withCode(`There is no key for the provider "${provider}". ${place}`, 'NO_API_KEY'),
  );
}

/** Asks the AWS Parameters and Secrets Lambda extension, which caches a secret for 300 s; no SDK is needed for it. */
async function readSecret(env: Environment): Promise<Readonly<Record<string, unknown>>> {
  const secretArn = env['SECRET_ARN'];
  if (secretArn === undefined) return {};
  const port = env['PARAMETERS_SECRETS_EXTENSION_HTTP_PORT'] ?? '2773';
  const url = `http://localhost:${port}/secretsmanager/get?secretId=${encodeURIComponent(secretArn)}`;
  // Once in five minutes, to this very machine: Node's own fetch will do.
  const answer = await fetch(url, {
    headers: { 'x-aws-parameters-secrets-token': env['AWS_SESSION_TOKEN'] ?? '' },
  });
  const text = await answer.text();
  if (!answer.ok) {
    throw new ProviderUnavailable(
      `The secret ${secretArn} could not be read: the extension answered ${answer.status}.`,
    );
  }
  return parseSecret(text, secretArn);
}

function parseSecret(answer: string, secretArn: string): Readonly<Record<string, unknown>> {
  try {
    const { SecretString } = JSON.parse(answer) as { SecretString: string };
    const keys: unknown = JSON.parse(SecretString);
    if (typeof keys === 'object' && keys !== null) return keys as Record<string, unknown>;
  } catch {
    // Said below, without the text: it is secret.
  }
  throw new ProviderDenied(
    withCode(
      `The secret ${secretArn} is not a JSON object of {"<provider>": "<key>"}.`,
      'SECRET_NOT_READABLE',
    ),
  );
}
