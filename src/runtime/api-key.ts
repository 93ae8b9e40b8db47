import { ProviderDenied, ProviderUnavailable, withCode } from '../errors.ts';
import { forgetSecret } from './kept-secrets.ts';
import { readSecretText, type Environment } from './secret-text.ts';

export type { Environment } from './secret-text.ts';

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
  if (env['SECRET_ARN'] !== undefined) forgetSecret(env['SECRET_ARN']);
  const place =
    env['SECRET_ARN'] === undefined
      ? `Set the environment variable ${apiKeyVariable(provider)}.`
      : `Put {"${provider}": "<key>"} into the secret ${env['SECRET_ARN']}.`;
  throw new ProviderDenied(
    withCode(`There is no key for the provider "${provider}". ${place}`, 'NO_API_KEY'),
  );
}

async function readSecret(env: Environment): Promise<Readonly<Record<string, unknown>>> {
  const secretArn = env['SECRET_ARN'];
  if (secretArn === undefined) return {};
  const answer = await readSecretText(secretArn);
  if ('text' in answer) return parseSecret(answer.text, secretArn);
  const message = `The secret ${secretArn} could not be read: ${answer.code}.`;
  if (answer.transient) throw new ProviderUnavailable(`${message} Try again later.`);
  throw new ProviderDenied(
    withCode(
      `${message} Allow secretsmanager:GetSecretValue on it, and kms:Decrypt on its key when it has one of its own.`,
      'SECRET_NOT_READABLE',
    ),
  );
}

function parseSecret(text: string | undefined, secretArn: string): Readonly<Record<string, unknown>> {
  try {
    const keys: unknown = JSON.parse(text ?? '');
    if (typeof keys === 'object' && keys !== null) return keys as Record<string, unknown>;
  } catch {
    // Said below, without the text: it is secret.
  }
  forgetSecret(secretArn);
  throw new ProviderDenied(
    withCode(
      `The secret ${secretArn} is not a JSON object of {"<provider>": "<key>"}.`,
      'SECRET_NOT_READABLE',
    ),
  );
}
