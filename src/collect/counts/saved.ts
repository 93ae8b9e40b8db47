import type { Saved, Usage } from '../../checkpoints/counts.ts';
import type { Price } from '../../checkpoints/profile.ts';

/** What answers would have cost, in tokens and at the profile's price. */
export function savedBy(usage: Usage, price: Price | undefined): Saved {
  if (price === undefined) return usage;
  const { inputPerMillion, outputPerMillion, currency } = price;
  const millionths = usage.inputTokens * inputPerMillion + usage.outputTokens * outputPerMillion;
  return { ...usage, money: { amount: Number((millionths / 1e6).toFixed(10)), currency } };
}
