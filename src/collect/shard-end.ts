import type { Failure } from '../errors.ts';
import type { Collected, ShardEnd, ShardPlan } from '../job.ts';
import { addUsage, NO_USAGE } from './usage.ts';

/** What a shard's rounds add up to. Rows that no round settled are exhausted: the failure says why. */
export function sumRounds(
  { rows, invalid }: ShardPlan,
  rounds: readonly Collected[],
  failure?: Failure,
): ShardEnd {
  const sum = (count: (round: Collected) => number): number =>
    rounds.reduce((total, round) => total + count(round), 0);
  const ok = sum((round) => round.ok);
  const failed = sum((round) => round.failed);
  return {
    counts: { ok, failed, exhausted: rows - invalid - ok - failed, invalid },
    rounds: rounds.length,
    usage: rounds.map(({ usage }) => usage).reduce(addUsage, NO_USAGE),
    batches: rounds.map(({ batch }) => batch),
    missing: sum((round) => round.missing),
    duplicates: sum((round) => round.duplicates),
    unknown: sum((round) => round.unknown),
    unknownIds: rounds.flatMap(({ unknownIds }) => unknownIds).slice(0, 20),
    unreadable: sum((round) => round.unreadable),
    left: rounds.flatMap(({ left = [] }) => left),
    ...(failure === undefined ? {} : { failure }),
  };
}
