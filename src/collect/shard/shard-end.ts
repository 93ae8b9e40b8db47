import type { Failure } from '../../errors.ts';
import type { Collected, ErrorCount, ShardEnd, ShardPlan } from '../../job.ts';
import { sumErrors } from '../counts/error-counts.ts';
import { sumModels } from '../counts/model-usage.ts';
import { addUsage, NO_USAGE } from '../counts/usage.ts';

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
  const invalid_output = sum((round) => round.invalid_output ?? 0);
  const exhausted = rows - invalid - ok - failed - invalid_output;
  const unsettled = exhausted - sum((round) => round.exhausted);
  return {
    counts: { ok, failed, exhausted, invalid_output, invalid },
    rounds: rounds.length,
    usage: rounds.map(({ usage }) => usage).reduce(addUsage, NO_USAGE),
    models: sumModels(rounds.map(({ models = [] }) => models)),
    errors: sumErrors([...rounds.map(({ errors = [] }) => errors), stoppedRows(unsettled, failure)]),
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

/** The rows that no round settled have one reason, and no example stands out. */
function stoppedRows(rows: number, failure: Failure | undefined): ErrorCount[] {
  if (failure === undefined || rows === 0) return [];
  return [{ outcome: 'exhausted', code: failure.code, rows, message: failure.message }];
}
