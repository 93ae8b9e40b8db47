import { ProviderDenied, ProviderUnavailable, withCode } from '../errors.ts';
import { forgetSecret } from './kept-secrets.ts';
import { readSecretText, type Environment } from './secret-text.ts';

export type { Environment } from './secret-text.ts';

/** Name of the variable with a provider's key: `MELIOUS_API_KEY` for `melious`. */
export function apiKeyVariable(provider: string): string {
  return `${provider.toUpperCase().replace(/[^A-Z0-9]/g, '_')}_API_KEY`;
}

/**
 * Reads a provider's key: from its environment variable if that is set (one machine), otherwise from the secret named by
 * SECRET_ARN (AWS), which contains `{"<provider>": "<key>"}`. The key is used only in the Authorization header.
 * @throws ProviderDenied when there is no key; the job then stops and can be resumed once there is one
 */
export async function readApiKey(provider: string, env: Environment): Promise<string> {
  const key = await readNamed(provider, env);
  if (key !== undefined) return key;
  throw new ProviderDenied(
    withCode(`There is no key for the provider "${provider}". ${howToSet(provider, env)}`, 'NO_API_KEY'),
  );
}

/**
 * Reads the value of a header that a provider's configuration takes from a secret. It is stored beside the keys, under its own
 * name.
 * @throws ProviderDenied when there is none, or it is not valid as a header's value
 */
export async function readHeaderSecret(secret: string, env: Environment): Promise<string> {
  const value = await readNamed(secret, env);
  if (value !== undefined && /^[ -~]+$/.test(value)) return value;
  const what = value === undefined ? 'There is no' : 'No header can hold the';
  throw new ProviderDenied(
    withCode(`${what} secret "${secret}" of a header. ${howToSet(secret, env)}`, 'NO_HEADER_SECRET'),
  );
}

async function readNamed(name: string, env: Environment): Promise<string | undefined> {
  const value = env[apiKeyVariable(name)] ?? (await readSecret(env))[name];
  if (typeof value === 'string' && value.trim() !== '') return value.trim();
  if (env['SECRET_ARN'] !== undefined) forgetSecret(env['SECRET_ARN']);
  return undefined;
}

function howToSet(name: string, env: Environment): string {
  const arn = env['SECRET_ARN'];
  if (arn === undefined) return `Set the environment variable ${apiKeyVariable(name)}.`;
  return `Put {"${name}": "<key>"} into the secret ${arn}.`;
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
    // The error below leaves out the text, because it is secret.
  }
  forgetSecret(secretArn);
  throw new ProviderDenied(
    withCode(
      `The secret ${secretArn} is not a JSON object of {"<provider>": "<key>"}.`,
      'SECRET_NOT_READABLE',
    ),
  );
}
