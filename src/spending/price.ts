import type { ModelUsage, Usage } from '../checkpoints/counts.ts';
import type { Price, TokenPrice } from '../checkpoints/profile.ts';

/** Cost of tokens, in the currency of the price. */
export function costOf(
  { inputPerMillion, outputPerMillion }: TokenPrice,
  { inputTokens, outputTokens }: Pick<Usage, 'inputTokens' | 'outputTokens'>,
): number {
  return (inputTokens * inputPerMillion + outputTokens * outputPerMillion) / 1e6;
}

/** The price of one model's tokens. An answer may name a dated version of the requested model, or omit its variant. */
export function priceOf(price: Price, model: string | undefined): TokenPrice {
  const { models = {} } = price;
  if (model === undefined) return price;
  const names = Object.keys(models);
  const name =
    names.find((known) => known === model) ??
    names.find((known) => isDated(model, known)) ??
    names.find((known) => withoutVariant(known) === withoutVariant(model));
  return (name === undefined ? undefined : models[name]) ?? price;
}

/** True for a dated version of a known model: `gpt-4o-2024-08-06` is a `gpt-4o`; `gpt-4o-mini` is not. */
function isDated(model: string, known: string): boolean {
  return model.startsWith(known) && /^[-@]\d[\d-]*$/.test(model.slice(known.length));
}

/** A model's name without its variant: `glm-4.7` for `glm-4.7:batch`. */
function withoutVariant(model: string): string {
  return model.split(':', 1)[0] ?? model;
}

/** Cost of answers, by the models that gave them. */
export function costOfModels(price: Price, models: readonly ModelUsage[]): number {
  return money(models.reduce((sum, usage) => sum + costOf(priceOf(price, usage.model), usage), 0));
}

/** Rounds to 10 decimals, so that 0.1 + 0.2 is 0.3. */
export function money(amount: number): number {
  return Number(amount.toFixed(10));
}

/** A sum for people: two decimals, or as many as show the first two significant digits. */
export function moneyText(amount: number, currency: string): string {
  const text = amount >= 1 || amount === 0 ? amount.toFixed(2) : String(Number(amount.toPrecision(2)));
  return `${text} ${currency}`;
}
