import type { ShardRows } from '../checkpoints/ledger.ts';
import type { Failure } from '../errors.ts';

/** Shards that are looked at together: enough for a steady share, few enough to notice a model that breaks on the way. */
export const LAST_SHARDS = 5;

/** The last shards with one more round of one of them; as they are when they have it already. */
export function withRound(recent: readonly ShardRows[], round: ShardRows): readonly ShardRows[] {
  const before = recent.find(({ shard }) => shard === round.shard);
  if (before !== undefined && before.round >= round.round) return recent;
  const others = recent.filter((shard) => shard !== before);
  return [...others, { ...round, bad: round.bad + (before?.bad ?? 0) }].slice(-LAST_SHARDS);
}

/** Why no further shard is started, when more of the last shards' rows ended badly than may. */
export function tooManyBadRows(
  jobId: string,
  recent: readonly ShardRows[],
  maxBad: number | undefined,
): Failure | undefined {
  const rows = recent.reduce((sum, shard) => sum + shard.rows, 0);
  const bad = recent.reduce((sum, shard) => sum + shard.bad, 0);
  // A product would be rounded: 29 of 100 rows are not more than the share of 0.29.
  if (maxBad === undefined || !(bad / rows > maxBad)) return undefined;
  const shards = recent.length === 1 ? 'the last shard' : `the last ${recent.length} shards`;
  const code = 'TOO_MANY_BAD_ROWS';
  const message = `${bad} of the ${rows} rows of ${shards} of job ${jobId} are not ok, more than the share of ${maxBad} (maxBad) that may be: no further shard is started.`;
  return { name: 'TooManyBadRows', code, message };
}
