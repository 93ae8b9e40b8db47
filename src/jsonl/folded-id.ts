/** Ways in which providers were seen to change a custom_id: what is left of it is the same before and after. */
export type Fold = (id: string) => string | undefined;

export const trimmed: Fold = (id) => id.trim().normalize('NFC');

export const inAnyCase = (id: string): string => id.trim().normalize('NFKC').toLowerCase().normalize('NFKC');

export const withoutZeros: Fold = (id) =>
  inAnyCase(id).replaceAll(/\d+/g, (digits) => digits.replace(/^0+(?=\d)/, ''));

/** The number, as a program keeps it that reads an id as one. */
export const asNumber: Fold = (id) =>
  /^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(id.trim()) ? String(Number(id)) : undefined;

/** An id without all that providers were seen to change. */
export function foldedId(id: string): string {
  return asNumber(id) ?? withoutZeros(id) ?? '';
}
