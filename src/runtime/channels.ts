import type { Channel } from '../announce/channel.ts';
import { createWebhook } from '../announce/webhook.ts';
import type { Clock } from '../edges.ts';
import type { Environment } from './secret-text.ts';
import { readWebhookSecret } from './webhook-secret.ts';

/** The event of a machine without an event bus: it is in the log, and goes nowhere. */
export const NO_EVENT_BUS: Channel = { name: 'event', tell: () => Promise.resolve() };

/**
 * Adds the webhook to the channel of the event, as the environment has it:
 * - `WEBHOOK_URL`: where the event is posted, too; none by default
 * - `WEBHOOK_SECRET_ID` or `WEBHOOK_SECRET`: what that is signed with
 */
export function withWebhook(event: Channel, env: Environment, clock: Clock): readonly Channel[] {
  const { WEBHOOK_URL: url } = env;
  if (url === undefined) return [event];
  return [event, createWebhook({ url, clock, secret: () => readWebhookSecret(env) })];
}
