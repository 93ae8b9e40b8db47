import { AnnouncementUnavailable, AnnouncementRejected } from '../errors.ts';
import { readSecretText, type Environment } from './secret-text.ts';

/**
 * Reads the secret that signs the webhook: WEBHOOK_SECRET if that is set (one machine), otherwise the text of the secret named by
 * WEBHOOK_SECRET_ID (AWS).
 * @throws AnnouncementRejected when there is no secret
 */
export async function readWebhookSecret(env: Environment): Promise<string> {
  const own = env['WEBHOOK_SECRET'] ?? '';
  if (own !== '') return own;
  const secretId = env['WEBHOOK_SECRET_ID'];
  if (secretId === undefined) {
    throw new AnnouncementRejected(
      'The webhook has no signing secret. Set the environment variable WEBHOOK_SECRET.',
    );
  }
  const answer = await readSecretText(secretId);
  if (!('text' in answer)) {
    const message = `The secret ${secretId} could not be read: ${answer.code}.`;
    if (answer.transient) throw new AnnouncementUnavailable(`${message} Try again later.`);
    throw new AnnouncementRejected(`${message} Allow secretsmanager:GetSecretValue on it.`);
  }
  if (answer.text === undefined || answer.text === '') {
    throw new AnnouncementRejected(`The secret ${secretId} has no text to sign with.`);
  }
  return answer.text;
}
