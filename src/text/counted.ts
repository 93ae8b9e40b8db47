/** Formats numbers for people, in the terminal and in the report. */

/** Each position in a whole number that has groups of three digits after it. */
const THOUSANDS = /\B(?=(\d{3})+$)/g;

/**
 * Formats a number as `12,345`, with at most three decimals. Does not use `Intl`, which takes 13 ms of CPU time to load for the
 * first number of a process.
 */
export function grouped(value: number): string {
  const shown = Number.isInteger(value) ? value : Math.round(value * 1_000) / 1_000;
  const [whole = '', decimals] = String(shown).split('.');
  return [whole.replace(THOUSANDS, ','), ...(decimals === undefined ? [] : [decimals])].join('.');
}

/** A number with its noun: `1 row`, `2 rows`, `1,000 batches`. */
export function counted(value: number, word: string): string {
  const plural = /(ch|sh|s|x)$/.test(word) ? `${word}es` : `${word}s`;
  return `${grouped(value)} ${value === 1 ? word : plural}`;
}
