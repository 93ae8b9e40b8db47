import type { Channel } from '../announce/channel.ts';
import { createWebhook } from '../announce/webhook.ts';
import type { Clock } from '../edges.ts';
import type { Environment } from './secret-text.ts';
import { readWebhookSecret } from './webhook-secret.ts';

/** The event channel of a machine without an event bus: the log has the event, and nothing is sent. */
export const NO_EVENT_BUS: Channel = { name: 'event', deliver: () => Promise.resolve() };

/**
 * Adds the webhook to the event channel, if the environment configures one:
 * - `WEBHOOK_URL`: URL that also receives the event; none by default
 * - `WEBHOOK_SECRET_ID` or `WEBHOOK_SECRET`: the signing secret
 */
export function withWebhook(event: Channel, env: Environment, clock: Clock): readonly Channel[] {
  const { WEBHOOK_URL: url } = env;
  if (url === undefined) return [event];
  return [event, createWebhook({ url, clock, secret: () => readWebhookSecret(env) })];
}
