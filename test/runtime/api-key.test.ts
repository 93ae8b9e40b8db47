import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { apiKeyVariable, readApiKey } from '../../src/runtime/api-key.ts';

const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:keys-AbCdEf';

/** Stands in for the AWS Parameters and Secrets Lambda extension. */
async function startExtension(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, 'localhost');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return String((server.address() as AddressInfo).port);
}

async function withSecret(secret: string): Promise<Record<string, string>> {
  const port = await startExtension((request, response) => {
    const asked = new URL(request.url ?? '', 'http://localhost').searchParams.get('secretId');
    const allowed = asked === ARN && request.headers['x-aws-parameters-secrets-token'] === 'session-token';
    response.statusCode = allowed ? 200 : 400;
    response.end(JSON.stringify({ ARN, SecretString: secret }));
  });
  return {
    SECRET_ARN: ARN,
    AWS_SESSION_TOKEN: 'session-token',
    PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: port,
  };
}

describe('a provider’s key', () => {
  test('comes from its environment variable where there is one', async () => {
    expect(await readApiKey('melious', { MELIOUS_API_KEY: ' sk-mel-1\n', SECRET_ARN: ARN })).toBe('sk-mel-1');
    expect(apiKeyVariable('my-provider.eu')).toBe('MY_PROVIDER_EU_API_KEY');
  });

  test('comes from the secret otherwise', async () => {
    const env = await withSecret(JSON.stringify({ melious: 'sk-mel-2', other: 'sk-other' }));

    expect(await readApiKey('melious', env)).toBe('sk-mel-2');
    expect(await readApiKey('other', env)).toBe('sk-other');
  });

  test('stops the job when it is missing, and says where to put it', async () => {
    const env = await withSecret('{}');

    await expect(readApiKey('melious', env)).rejects.toMatchObject({
      name: 'ProviderDenied',
      message: expect.stringContaining(`into the secret ${ARN}. [NO_API_KEY]`),
    });
    await expect(readApiKey('melious', {})).rejects.toThrowError(
      'Set the environment variable MELIOUS_API_KEY.',
    );
  });

  test.each(['sk-mel-not-json', '"sk-mel-text"', 'null'])(
    'is never shown when the secret is %j',
    async (secret) => {
      const env = await withSecret(secret);

      const failure = await readApiKey('melious', env).catch((error: unknown) => error as Error);

      expect(failure).toMatchObject({ name: 'ProviderDenied' });
      expect(String(failure)).not.toContain('sk-mel');
    },
  );

  test('is asked for again later when the extension does not answer as it should', async () => {
    const port = await startExtension((_request, response) => response.writeHead(503).end());

    await expect(
      readApiKey('melious', { SECRET_ARN: ARN, PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: port }),
    ).rejects.toMatchObject({ name: 'ProviderUnavailable' });
  });
});
