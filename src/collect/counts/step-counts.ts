import type { Collected } from '../../checkpoints/round/collected.ts';
import type { StepCounts } from '../../checkpoints/counts.ts';
import { sumModels } from './model-usage.ts';
import { addUsage, NO_USAGE } from '../../spending/usage.ts';

/** Counts per step of a shard's ladder; undefined if no row went up. */
export function countSteps(rounds: readonly Collected[]): readonly StepCounts[] | undefined {
  if (!rounds.some(({ step, up }) => (step ?? up) !== undefined)) return undefined;
  const byStep = Map.groupBy(rounds, ({ step }) => (step?.nth ?? 0) + 1);
  return [...byStep].map(([step, ofStep]) => ({
    step,
    rows: ofStep[0]?.requests ?? 0,
    ok: ofStep.reduce((sum, { ok, raised }) => sum + ok - (raised?.ok ?? 0), 0),
    usage: ofStep.map(({ usage }) => usage).reduce(addUsage, NO_USAGE),
    models: sumModels(ofStep.map(({ models = [] }) => models)),
  }));
}

/** Adds up the counts per step of several shards. */
export function sumSteps(shards: readonly (readonly StepCounts[])[]): readonly StepCounts[] {
  const byStep = Map.groupBy(shards.flat(), ({ step }) => step);
  return [...byStep]
    .toSorted(([a], [b]) => a - b)
    .map(([step, all]) => ({
      step,
      rows: all.reduce((sum, { rows }) => sum + rows, 0),
      ok: all.reduce((sum, { ok }) => sum + ok, 0),
      usage: all.map(({ usage }) => usage).reduce(addUsage, NO_USAGE),
      models: sumModels(all.map(({ models }) => models)),
    }));
}
