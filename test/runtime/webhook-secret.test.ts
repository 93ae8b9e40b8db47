import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { readWebhookSecret } from '../../src/runtime/webhook-secret.ts';

/** Stands in for the AWS Parameters and Secrets Lambda extension. */
async function withExtension(status: number, body: string): Promise<Record<string, string>> {
  const server = createServer((request, response) => {
    const asked = new URL(request.url ?? '', 'http://localhost').searchParams.get('secretId');
    response.statusCode = asked === 'hooks/nightshift' ? status : 404;
    response.end(body);
  }).listen(0, 'localhost');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { WEBHOOK_SECRET_ID: 'hooks/nightshift', PARAMETERS_SECRETS_EXTENSION_HTTP_PORT: String(port) };
}

test('the signing secret is that of the environment where there is one', async () => {
  expect(await readWebhookSecret({ WEBHOOK_SECRET: 'mine' })).toBe('mine');
});

test('it is the text of the secret otherwise', async () => {
  const env = await withExtension(200, JSON.stringify({ SecretString: 'theirs' }));
  expect(await readWebhookSecret(env)).toBe('theirs');
});

test.each([
  [503, '', 'AnnouncementNotTaken', 'answered 503'],
  [200, '{"SecretString":""}', 'AnnouncementRejected', 'holds no text'],
  [200, 'secret of the house', 'AnnouncementRejected', 'holds no text'],
])('when it is answered %i %s, that is a named failure', async (status, body, name, message) => {
  const failure = await readWebhookSecret(await withExtension(status, body)).catch((error: unknown) => error);
  expect(failure).toMatchObject({ name, message: expect.stringContaining(message) as string });
  expect(String(failure)).not.toContain('secret of the house');
});

test('without any there is nothing to sign with, and it says what to set', async () => {
  await expect(readWebhookSecret({})).rejects.toThrow('WEBHOOK_SECRET');
});
