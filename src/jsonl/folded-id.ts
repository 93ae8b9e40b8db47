/** A change that providers make to custom_ids: the result is the same before and after the change. */
export type Fold = (id: string) => string | undefined;

export const trimmed: Fold = (id) => id.trim().normalize('NFC');

export const inAnyCase = (id: string): string => id.trim().normalize('NFKC').toLowerCase().normalize('NFKC');

export const withoutZeros: Fold = (id) =>
  inAnyCase(id).replaceAll(/\d+/g, (digits) => digits.replace(/^0+(?=\d)/, ''));

/** The id as written by a program that reads it as a number. */
export const asNumber: Fold = (id) =>
  /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(id.trim()) ? String(Number(id)) : undefined;

/** An id without anything that providers are known to change. */
export function foldedId(id: string): string {
  return asNumber(id) ?? withoutZeros(id) ?? '';
}
