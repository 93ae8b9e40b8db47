import { loadTables, saveBuildState, type Built, type Unfinished } from '../build-state.ts';
import type { Calling, Start } from '../build-once.ts';
import { clearSuspects } from './suspects.ts';

/**
 * Counts ids that only look like duplicates, and requests that only look like those of earlier rows. Reads the shards again,
 * until time runs short.
 */
export async function findInnocent(
  { store, job: { jobId }, leaders, time }: Calling,
  start: Start,
  { plan, suspects: listed, shard: first }: Built,
): Promise<number | Unfinished> {
  const suspects = new Set(listed);
  const led = leaders === undefined ? {} : { led: leaders.tables.led };
  if (start.built !== undefined) await loadTables(store, { jobId, turn: start.turn }, led);
  for (let shard = first; shard < plan.shards.length; shard += 1) {
    const unconfirmed = leaders?.unconfirmed ?? 0;
    if (suspects.size + unconfirmed === 0) break;
    if (shard > first && time?.isShort() === true) {
      const built = { plan, suspects: [...suspects], shard };
      await saveBuildState(store, jobId, { ...start, reading: undefined, built }, led);
      return { rows: plan.rows, shards: plan.shards.length };
    }
    if (suspects.size > 0) await clearSuspects(store, { jobId, shard }, suspects);
    if (unconfirmed > 0) await leaders?.confirm(store, { jobId, shard });
  }
  return suspects.size + (leaders?.unconfirmed ?? 0);
}
