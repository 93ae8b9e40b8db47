import type { Collected, Job, Plan } from '../job.ts';
import { jobKey, planKey, roundKey, type ShardRef } from './keys.ts';
import { readJson, requireJson } from '../store/json.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** Where a shard is. */
export interface ShardRound {
  /** The round to run, or to run again. */
  readonly round: number;
  /** The last one it may run. */
  readonly lastRound: number;
  /** The provider may have another batch of the shard's rows. */
  readonly doubt?: true;
}

/** Finds from the checkpoints which round a shard is in: the one after the last that was collected. */
export async function findRound(store: ObjectStore, ref: ShardRef): Promise<ShardRound> {
  const last = (await readCollected(store, ref)).at(-1);
  if (last === undefined) {
    const { profile } = await requireJson<Job>(store, jobKey(ref.jobId));
    return { round: 1, lastRound: profile.rounds };
  }
  const { round, next, lastRound, doubt } = last;
  return { round: next === 'done' ? round : round + 1, lastRound, ...(doubt && { doubt }) };
}

/** Whether a round is sent row by row: the first of a small job, and those that the round before it leaves so. */
export async function isDirectRound(
  store: ObjectStore,
  { late, directUpTo }: Job['profile'],
  ref: ShardRef,
  round: number,
): Promise<boolean> {
  if (late === undefined && directUpTo === undefined) return false;
  if (round > 1) {
    const before = await readJson<Collected>(store, roundKey(ref, round - 1, 'collected.json'));
    return before?.sendNext === 'direct';
  }
  if (directUpTo === undefined) return false;
  return isSmall({ directUpTo }, await requireJson<Plan>(store, planKey(ref.jobId)));
}

/** Whether a job sends so few rows that it makes no batch of them. */
export function isSmall(
  { directUpTo }: Pick<Job['profile'], 'directUpTo'>,
  { rows, invalid }: Plan,
): boolean {
  return directUpTo !== undefined && rows - invalid <= directUpTo;
}

/** What the shard's rounds came to so far, in their order. */
export async function readCollected(store: ObjectStore, ref: ShardRef): Promise<Collected[]> {
  const rounds: Collected[] = [];
  for (let round = 1; ; round += 1) {
    const collected = await readJson<Collected>(store, roundKey(ref, round, 'collected.json'));
    if (collected === undefined) return rounds;
    rounds.push(collected);
  }
}
