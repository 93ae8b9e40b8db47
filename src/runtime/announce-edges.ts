import { createEventBus } from '../announce/event-bus.ts';
import type { AnnounceEdges, Channel } from '../announce/channel.ts';
import { NO_EVENT_BUS, withWebhook } from './channels.ts';
import { edgesFromEnvironment } from './environment.ts';
import type { Environment } from './secret-text.ts';

/**
 * Edges of the Lambda that announces a job's end. Reads from its environment, in addition to those of every step:
 * - `EVENT_BUS`: the event bus
 * - the variables of {@link withWebhook}
 */
export function announceEdgesFromEnvironment(env: Environment): AnnounceEdges {
  const edges = edgesFromEnvironment(env);
  const { EVENT_BUS: bus } = env;
  const event = bus === undefined ? NO_EVENT_BUS : eventBus(bus);
  return { ...edges, channels: withWebhook(event, env, edges.clock) };
}

const buses = new Map<string, Channel>();

/** The channel of an event bus. It is kept, so that connections outlive one invocation. */
function eventBus(name: string): Channel {
  const bus = buses.get(name) ?? createEventBus(name);
  buses.set(name, bus);
  return bus;
}
