/** Formats numbers for people, in the terminal and in the report. */

let format: Intl.NumberFormat | undefined;

/**
 * Formats a number as `12,345`. Creates the format with the first number, because that takes 13 ms of CPU time and many processes
 * write none.
 */
export function grouped(value: number): string {
  format ??= new Intl.NumberFormat('en-US');
  return format.format(value);
}

/** A number with its noun: `1 row`, `2 rows`, `1,000 batches`. */
export function counted(value: number, word: string): string {
  const plural = /(ch|sh|s|x)$/.test(word) ? `${word}es` : `${word}s`;
  return `${grouped(value)} ${value === 1 ? word : plural}`;
}
