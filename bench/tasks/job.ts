import type { Edges } from '../../src/edges.ts';
import { openStore } from '../../src/store/open-store.ts';

/** Shared by all tasks: the store that `STORE` names, and the id of its one job. */

export const JOB_ID = 'bench';

export function openEdges(): Edges {
  return {
    store: openStore(process.env['STORE'] ?? ''),
    clock: { now: () => 1_790_000_000_000 },
    random: () => 0.5,
    log: () => undefined,
  };
}
