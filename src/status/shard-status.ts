import { doneObject, stoppedObject } from '../checkpoints/shard/shard-end.ts';
import type { Collected } from '../checkpoints/round/collected.ts';
import type { OutcomeCounts } from '../checkpoints/counts.ts';
import type { Plan } from '../checkpoints/plan.ts';
import { progressObject, type Progress } from '../checkpoints/shard/progress.ts';
import { shardName, shardsPrefix, type ShardRef } from '../checkpoints/keys.ts';
import { addCounts, NO_ROWS, type KnownCounts } from '../checkpoints/outcomes.ts';
import { sideBySide } from '../concurrency/side-by-side.ts';
import { readJson } from '../store/json.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** The current state of one shard. */
export interface ShardStatus {
  readonly shard: number;
  /** `waiting`: nothing was sent yet. `stopped`: it does not continue in this execution. */
  readonly state: 'waiting' | 'running' | 'stopped' | 'done';
  readonly rows: number;
  /** Rows with a final outcome so far. */
  readonly counts: OutcomeCounts;
  /** The batch as the last poll saw it. */
  readonly progress?: Progress;
}

/** Reads every shard of a job. One listing shows which files exist, and only files with relevant content are read. */
export async function readShards(store: ObjectStore, jobId: string, plan: Plan): Promise<ShardStatus[]> {
  const files = await filesByShard(store, jobId);
  return sideBySide(plan.shards, ({ rows, invalid, answered = 0, reused = 0, requests }, shard) => {
    const untouched = { shard, rows, counts: { ...NO_ROWS, invalid, ok: answered + reused } };
    if (requests === 0) return Promise.resolve({ ...untouched, state: 'done' });
    return readShard(store, { jobId, shard }, files.get(shardName(shard)) ?? new Set(), untouched);
  });
}

async function filesByShard(store: ObjectStore, jobId: string): Promise<Map<string, Set<string>>> {
  const prefix = shardsPrefix(jobId);
  const files = new Map<string, Set<string>>();
  for await (const { key } of store.list(prefix)) {
    const [shard = '', file = ''] = key.slice(prefix.length).split('/');
    files.set(shard, (files.get(shard) ?? new Set()).add(file));
  }
  return files;
}

async function readShard(
  store: ObjectStore,
  ref: ShardRef,
  files: ReadonlySet<string>,
  untouched: Omit<ShardStatus, 'state'>,
): Promise<ShardStatus> {
  for (const [file, state, object] of [
    ['done.json', 'done', doneObject],
    ['stopped.json', 'stopped', stoppedObject],
  ] as const) {
    const end = files.has(file) ? await object.read(store, ref) : undefined;
    if (end !== undefined) return { ...untouched, state, counts: addCounts([end.counts]) };
  }
  if (!files.has('round-1.uploading.json') && !files.has('progress.json'))
    return { ...untouched, state: 'waiting' };
  const collected = [...files].filter((file) => file.endsWith('.collected.json'));
  const rounds = await sideBySide(collected, (file) =>
    readJson<Collected>(store, `${shardsPrefix(ref.jobId)}${shardName(ref.shard)}/${file}`),
  );
  const progress = files.has('progress.json') ? await progressObject.read(store, ref) : undefined;
  const known = rounds.filter((round) => round !== undefined);
  const raised = known.map((round) => negated(round.raised));
  const counts = addCounts([untouched.counts, ...known, ...raised]);
  return { ...untouched, state: 'running', counts, ...(progress && { progress }) };
}

/** Subtracts rows that went up a ladder: they have no outcome yet, although a round of the lower step counts one. */
function negated(raised: KnownCounts = {}): KnownCounts {
  return Object.fromEntries(Object.entries(raised).map(([outcome, rows]) => [outcome, -rows]));
}
