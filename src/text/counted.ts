/** Formats numbers for people, in the terminal and in the report. */

const NUMBER = new Intl.NumberFormat('en-US');

/** `12,345`. */
export function grouped(value: number): string {
  return NUMBER.format(value);
}

/** `1 row`, `2 rows`, `1,000 batches`. */
export function counted(value: number, word: string): string {
  const plural = /(ch|sh|s|x)$/.test(word) ? `${word}es` : `${word}s`;
  return `${grouped(value)} ${value === 1 ? word : plural}`;
}
