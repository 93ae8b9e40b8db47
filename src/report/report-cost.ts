import type { ModelUsage } from '../checkpoints/counts.ts';
import type { TokenPrice } from '../checkpoints/profile.ts';
import type { Summary } from '../checkpoints/summary.ts';
import { priceOf } from '../spending/price.ts';
import type { ReportFacts } from './report-data.ts';

/** The cost of the answers and of the plan's estimate, at the profile's price. */
export interface Cost {
  readonly plannedInputTokens: number | undefined;
  /** Only in jobs with a ladder, whose steps have their own prices. */
  readonly ofSteps: Summary['cost'];
  readonly price:
    | {
        readonly currency: string;
        readonly input: number;
        readonly output: number;
        readonly plannedInput: number | undefined;
      }
    | undefined;
}

export function reportCostOf({
  models,
  question,
  planned,
  steps,
  cost,
}: Pick<ReportFacts, 'models' | 'question' | 'planned' | 'steps' | 'cost'>): Cost {
  // The profile's price does not apply to answers of other steps.
  const price = steps === undefined ? question?.price : undefined;
  const of = (tokens: number, perMillion: number): number => (tokens * perMillion) / 1e6;
  const sum = (part: (usage: ModelUsage, rate: TokenPrice) => number): number =>
    price === undefined
      ? 0
      : models.reduce((total, usage) => total + part(usage, priceOf(price, usage.model)), 0);
  return {
    plannedInputTokens: planned?.inputTokens,
    ofSteps: steps && cost,
    price: price && {
      currency: price.currency,
      input: sum(({ inputTokens }, { inputPerMillion }) => of(inputTokens, inputPerMillion)),
      output: sum(({ outputTokens }, { outputPerMillion }) => of(outputTokens, outputPerMillion)),
      plannedInput: planned && of(planned.inputTokens, price.inputPerMillion),
    },
  };
}
