import { collectedObject, readCollected, type ShardStep } from '../round/collected.ts';
import { jobObject, type Job } from '../job.ts';
import { requirePlan, rowsToSend, type Plan, type PlannedShard } from '../plan.ts';
import type { ShardRef } from '../keys.ts';
import type { ObjectStore } from '../../store/object-store.ts';

/** The current round of a shard. */
export interface ShardRound {
  /** The round to run or to repeat. */
  readonly round: number;
  /** The last round that the shard may run. */
  readonly lastRound: number;
  /** The provider may have another batch of the shard's rows. */
  readonly doubt?: true;
  /** The step of the ladder that the round belongs to; absent for the first one. */
  readonly step?: ShardStep | undefined;
}

/** Finds from the checkpoints which round a shard is in: the one after the last that was collected. */
export async function findRound(store: ObjectStore, ref: ShardRef): Promise<ShardRound> {
  const last = (await readCollected(store, ref)).at(-1);
  if (last === undefined) {
    const { profile } = await jobObject.require(store, ref.jobId);
    return { round: 1, lastRound: profile.rounds };
  }
  const { round, next, lastRound, doubt, up } = last;
  const step = up ?? last.step;
  return {
    round: next === 'done' ? round : round + 1,
    lastRound,
    // The step above has its own batches.
    ...(doubt && up === undefined && { doubt }),
    ...(step && { step }),
  };
}

/** The round that the event names; if it names none, the round that the checkpoints show. */
export async function currentRound(
  store: ObjectStore,
  at: ShardRef & Partial<ShardRound>,
): Promise<ShardRound> {
  const { round, lastRound, doubt, step } = at;
  if (round === undefined || lastRound === undefined) return findRound(store, at);
  return { round, lastRound, ...(doubt && { doubt }), ...(step && { step }) };
}

/**
 * True if a round is sent direct. This is the first round of a small job, or a round that the previous round marked to be sent
 * direct.
 */
export async function isDirectRound(
  store: ObjectStore,
  { late, directUpTo }: Job['profile'],
  ref: PlannedShard,
  round: number,
): Promise<boolean> {
  if (late === undefined && directUpTo === undefined) return false;
  if (round > 1) {
    const before = await collectedObject.read(store, { ...ref, round: round - 1 });
    return before?.sendNext === 'direct';
  }
  if (directUpTo === undefined) return false;
  return ref.planned?.direct ?? isSmall({ directUpTo }, await requirePlan(store, ref.jobId));
}

/** True if a job has so few rows that it sends them direct instead of in a batch. */
export function isSmall({ directUpTo }: Pick<Job['profile'], 'directUpTo'>, plan: Plan): boolean {
  return directUpTo !== undefined && rowsToSend(plan) <= directUpTo;
}
