import { describe, expect, test } from 'vitest';
import { apiKeyVariable, readApiKey } from '../../src/runtime/api-key.ts';
import { readSecretText } from '../../src/runtime/secret-text.ts';
import { openSecrets } from './secrets.ts';

const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:keys-AbCdEf';
const ENV = { SECRET_ARN: ARN };

describe('a provider’s key', () => {
  test('comes from its environment variable if it is set', async () => {
    expect(await readApiKey('melious', { MELIOUS_API_KEY: ' sk-mel-1\n', SECRET_ARN: ARN })).toBe('sk-mel-1');
    expect(apiKeyVariable('my-provider.eu')).toBe('MY_PROVIDER_EU_API_KEY');
  });

  test('comes from the secret otherwise', async () => {
    openSecrets().put(ARN, JSON.stringify({ melious: 'sk-mel-2', other: 'sk-other' }));

    expect(await readApiKey('melious', ENV)).toBe('sk-mel-2');
    expect(await readApiKey('other', ENV)).toBe('sk-other');
  });

  test('stops the job if it is missing, and the error says where to put it', async () => {
    openSecrets().put(ARN, '{}');

    await expect(readApiKey('melious', ENV)).rejects.toMatchObject({
      name: 'ProviderDenied',
      message: expect.stringContaining(`into the secret ${ARN}. [NO_API_KEY]`) as string,
    });
    await expect(readApiKey('melious', {})).rejects.toThrowError(
      'Set the environment variable MELIOUS_API_KEY.',
    );
  });

  test.each(['{}', '{"melious":""}', '{"other":"sk-other"}', 'not JSON', ''])(
    'is found at once when it is put into a secret that was %j',
    async (before) => {
      const secrets = openSecrets();
      secrets.put(ARN, before);
      await expect(readApiKey('melious', ENV)).rejects.toMatchObject({ name: 'ProviderDenied' });

      secrets.put(ARN, '{"melious":"sk-mel-3"}');

      expect(await readApiKey('melious', ENV)).toBe('sk-mel-3');
    },
  );

  test.each(['sk-mel-not-json', '"sk-mel-text"', 'null'])(
    'is never shown when the secret is %j',
    async (secret) => {
      openSecrets().put(ARN, secret);

      const failure = await readApiKey('melious', ENV).catch((error: unknown) => error as Error);

      expect(failure).toMatchObject({ name: 'ProviderDenied' });
      expect(String(failure)).not.toContain('sk-mel');
    },
  );

  test.each([
    ['InternalServiceError', 500, 'ProviderUnavailable'],
    ['ThrottlingException', 400, 'ProviderUnavailable'],
    ['TimeoutError', undefined, 'ProviderUnavailable'],
    ['AccessDeniedException', 400, 'ProviderDenied'],
    ['ResourceNotFoundException', 400, 'ProviderDenied'],
  ])('that cannot be read because of %s (%s) is a %s', async (code, status, name) => {
    const secrets = openSecrets();
    secrets.refuse(code, status);

    await expect(readApiKey('melious', ENV)).rejects.toMatchObject({
      name,
      message: expect.stringContaining(code) as string,
    });

    secrets.put(ARN, '{"melious":"sk-mel-4"}');
    expect(await readApiKey('melious', ENV)).toBe('sk-mel-4');
  });
});

describe('a secret', () => {
  const MINUTES = 60_000;

  test('is read once in five minutes', async () => {
    const secrets = openSecrets();
    secrets.put(ARN, 'first');
    for (const minute of [0, 1, 4.9]) {
      expect(await readSecretText(ARN, minute * MINUTES)).toEqual({ text: 'first' });
    }
    expect(secrets.reads()).toBe(1);

    secrets.put(ARN, 'second');
    expect(await readSecretText(ARN, 5 * MINUTES)).toEqual({ text: 'second' });
  });

  test('is read once by calls at the same time', async () => {
    const secrets = openSecrets();
    secrets.put(ARN, 'text');
    await Promise.all([1, 2, 3].map(() => readSecretText(ARN, 0)));
    expect(secrets.reads()).toBe(1);
  });
});
