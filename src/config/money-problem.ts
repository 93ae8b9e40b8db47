import type { ProfileConfig } from '../profiles/profile-schema.ts';

/** The problem of a profile's budget in money, and the field that has it. */
export interface MoneyProblem {
  readonly path: string;
  readonly message: string;
}

/** Finds a budget in money without a price in the same currency: its costs cannot be estimated. */
export function moneyProblem({ budget = {}, price, then = [] }: ProfileConfig): MoneyProblem | undefined {
  const other = then.findIndex((step) => step.price !== undefined && step.price.currency !== price?.currency);
  if (other !== -1)
    return {
      path: `then.${other}.price.currency`,
      message:
        price === undefined
          ? 'needs a price of the profile, too'
          : `must be the profile's, ${price.currency}`,
    };
  const path = (['max', 'maxPerMonth'] as const).find((field) => budget[field] !== undefined);
  const { currency } = budget;
  if (path !== undefined && price === undefined)
    return {
      path: `budget.${path}`,
      message:
        'needs a price: set the cost of a million tokens in price.inputPerMillion, .outputPerMillion and .currency',
    };
  if (currency === undefined || price === undefined || currency === price.currency) return undefined;
  return { path: 'budget.currency', message: `must be the price's, ${price.currency}` };
}
