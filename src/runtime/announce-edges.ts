import { createEventBus } from '../announce/event-bus.ts';
import { createWebhook } from '../announce/webhook.ts';
import type { Clock } from '../edges.ts';
import type { AnnounceEdges, Channel } from '../announce/channel.ts';
import { edgesFromEnvironment } from './environment.ts';
import type { Environment } from './secret-text.ts';
import { readWebhookSecret } from './webhook-secret.ts';

/**
 * The edges of the step that announces a job's end, from its environment; beside those of every step, what
 * {@link openChannels} reads.
 */
export function announceEdgesFromEnvironment(env: Environment): AnnounceEdges {
  const edges = edgesFromEnvironment(env);
  return { ...edges, channels: openChannels(env, edges.clock) };
}

/**
 * Who is told of a job's end:
 * - `EVENT_BUS`: the event bus; without it (one machine) the event is logged and goes nowhere
 * - `WEBHOOK_URL`: where the event is posted, too; none by default
 * - `WEBHOOK_SECRET_ID` or `WEBHOOK_SECRET`: what that is signed with
 */
export function openChannels(env: Environment, clock: Clock): readonly Channel[] {
  const { EVENT_BUS: bus, WEBHOOK_URL: url } = env;
  const event = bus === undefined ? NOWHERE : eventBus(bus);
  if (url === undefined) return [event];
  return [event, createWebhook({ url, clock, secret: () => readWebhookSecret(env) })];
}

const NOWHERE: Channel = { name: 'event', tell: () => Promise.resolve() };

const buses = new Map<string, Channel>();

/** Connections outlive one invocation. */
function eventBus(name: string): Channel {
  const bus = buses.get(name) ?? createEventBus(name);
  buses.set(name, bus);
  return bus;
}
