import type { ShardRows } from '../checkpoints/ledger.ts';
import type { Failure } from '../errors.ts';

/**
 * Number of last shards that are counted together: enough for a stable share, and few enough to notice a model that breaks during
 * the job.
 */
export const LAST_SHARDS = 5;

/** Adds a round to the last shards; unchanged if they already have it. */
export function withRound(recent: readonly ShardRows[], round: ShardRows): readonly ShardRows[] {
  const before = recent.find(({ shard }) => shard === round.shard);
  if (before !== undefined && before.round >= round.round) return recent;
  const others = recent.filter((shard) => shard !== before);
  return [...others, { ...round, bad: round.bad + (before?.bad ?? 0) }].slice(-LAST_SHARDS);
}

/**
 * The reason why no further shard starts: more rows of the last shards are not ok than the profile allows. Otherwise undefined.
 */
export function tooManyBadRows(
  jobId: string,
  recent: readonly ShardRows[],
  maxBad: number | undefined,
): Failure | undefined {
  const rows = recent.reduce((sum, shard) => sum + shard.rows, 0);
  const bad = recent.reduce((sum, shard) => sum + shard.bad, 0);
  // Compares a quotient, because a product would be rounded: 29 of 100 rows must not be more than a share of 0.29.
  if (maxBad === undefined || !(bad / rows > maxBad)) return undefined;
  const shards = recent.length === 1 ? 'the last shard' : `the last ${recent.length} shards`;
  const code = 'TOO_MANY_BAD_ROWS';
  const message = `${bad} of the ${rows} rows of ${shards} of job ${jobId} are not ok, more than the allowed share of ${maxBad} (maxBad): no further shard is started.`;
  return { name: 'TooManyBadRows', code, message };
}
