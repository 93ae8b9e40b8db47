import type { TaskEdges } from '../src/announce/channel.ts';
import type { Edges } from '../src/edges.ts';
import type { Log } from '../src/log.ts';
import { createFolderStore } from '../src/store/folder-store.ts';
import type { Steps } from './worker-steps.ts';

/**
 * Edges of this machine without a provider: a folder in place of the bucket. A host needs no more, because its steps run in a
 * thread. So it starts without the provider's client, which takes 50 ms to load (docs/maintaining.md).
 */
export function hostEdges(folder: string, log: Log): Edges {
  return { store: createFolderStore(folder), clock: { now: () => Date.now() }, random: Math.random, log };
}

/** The edges of a host, and what runs the steps of its machine: `steps`, or this process with edges that call providers. */
export type EdgesAndSteps =
  | { readonly edges: Edges; readonly steps: Steps }
  | { readonly edges: TaskEdges; readonly steps?: undefined };

/** Runs the steps of a host in this process, if it has nothing else that runs them. */
export async function stepsOf({ edges, steps }: EdgesAndSteps): Promise<Steps> {
  if (steps !== undefined) return steps;
  const { callHandlers } = await import('./call-handlers.ts');
  return { call: callHandlers(edges), abandon: () => Promise.resolve() };
}
