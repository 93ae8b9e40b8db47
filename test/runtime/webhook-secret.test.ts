import { expect, test } from 'vitest';
import { readWebhookSecret } from '../../src/runtime/webhook-secret.ts';
import { openSecrets } from './secrets.ts';

const ENV = { WEBHOOK_SECRET_ID: 'hooks/nightshift' };

test('the signing secret comes from the environment if it is set there', async () => {
  expect(await readWebhookSecret({ WEBHOOK_SECRET: 'mine' })).toBe('mine');
});

test('otherwise the signing secret comes from the secret', async () => {
  openSecrets().put('hooks/nightshift', 'theirs');
  expect(await readWebhookSecret(ENV)).toBe('theirs');
});

test.each(['', undefined])('a secret whose text is %j cannot sign, and is read again', async (text) => {
  const secrets = openSecrets();
  secrets.put('hooks/nightshift', text);
  await expect(readWebhookSecret(ENV)).rejects.toMatchObject({
    name: 'AnnouncementRejected',
    message: expect.stringContaining('has no text') as string,
  });
  secrets.put('hooks/nightshift', 'theirs');
  expect(await readWebhookSecret(ENV)).toBe('theirs');
});

test.each([
  ['InternalServiceError', 500, 'AnnouncementUnavailable'],
  ['ECONNRESET', undefined, 'AnnouncementUnavailable'],
  ['AccessDeniedException', 400, 'AnnouncementRejected'],
])('an answer of Secrets Manager with %s is a named error without the text', async (code, status, name) => {
  openSecrets().refuse(code, status);
  const failure = await readWebhookSecret(ENV).catch((error: unknown) => error);
  expect(failure).toMatchObject({ name, message: expect.stringContaining(code) as string });
  expect(String(failure)).not.toContain('secret of the house');
});

test('without a signing secret the error says what to set', async () => {
  await expect(readWebhookSecret({})).rejects.toThrow('WEBHOOK_SECRET');
});
