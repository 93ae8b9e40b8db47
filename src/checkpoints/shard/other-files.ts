import { RequestsDamaged } from '../../errors.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { roundKey, shardKey, type ShardRef } from '../keys.ts';
import { readShardPlan, type PlannedShard, type ShardPlan } from '../plan.ts';

export interface PlannedFile {
  readonly key: string;
  readonly bytes: number;
}

/** The files that Build wrote beside the requests of a shard, with their planned bytes. */
export function otherFiles({ jobId, shard }: ShardRef, { files = {} }: Partial<ShardPlan>): PlannedFile[] {
  const ref = { jobId, shard };
  const all = [
    { key: shardKey(ref, 'sources.jsonl'), bytes: files.sources },
    { key: roundKey(ref, 0, 'results.jsonl'), bytes: files.results },
    { key: roundKey(ref, 0, 'dead-letters.jsonl'), bytes: files.deadLetters },
  ];
  return all.flatMap(({ key, bytes }) => (bytes === undefined ? [] : [{ key, bytes }]));
}

/**
 * Compares these files with the plan. Without one of them, rows of the shard have no result line, or no source.
 * @throws RequestsDamaged when one differs
 */
export async function requireOtherFiles(store: ObjectStore, ref: PlannedShard): Promise<void> {
  for (const { key, bytes } of otherFiles(ref, await readShardPlan(store, ref))) {
    const found = await store.stat(key);
    if (found?.bytes !== bytes) throw damagedFile(store, ref, { key, found: found?.bytes, bytes });
  }
}

/** The error about a file of a shard with other bytes than were recorded when it was written. */
export function damagedFile(
  store: ObjectStore,
  { jobId, shard }: ShardRef,
  {
    key,
    found,
    bytes,
  }: { readonly key: string; readonly found?: number | undefined; readonly bytes?: number | undefined },
): RequestsDamaged {
  const has = found === undefined ? 'does not exist' : `has ${found} bytes`;
  const wanted = bytes === undefined ? '' : ` and must have ${bytes}`;
  return new RequestsDamaged(
    `Shard ${shard} of job ${jobId}: ${store.locate(key)} ${has}${wanted}. Two calls may have written it at the same time, or somebody changed it.`,
  );
}
