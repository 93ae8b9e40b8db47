/** How a workbook shows the numbers of its cells. */
export interface CellStyles {
  readonly isDate: (style: number) => boolean;
  readonly from1904: boolean;
}

/** Number formats that every workbook has without defining them. */
const BUILT_IN_DATES = [
  [14, 22],
  [27, 36],
  [45, 47],
  [50, 58],
] as const;

/** True if a number format shows a date or a time. */
export function isDateFormat(id: number, code: string | undefined): boolean {
  if (code === undefined) return BUILT_IN_DATES.some(([first, last]) => id >= first && id <= last);
  const bare = code.replaceAll(/"[^"]*"|\\.|_./g, '').replaceAll(/\[(?!h+\]|m+\]|s+\])[^\]]*\]/gi, '');
  return /[ymdhs]/i.test(bare) && !/general/i.test(bare);
}

/**
 * Formats a number as a spreadsheet shows it: with at most 15 digits, because further digits are rounding errors of doubles. Only
 * other programs write longer whole numbers, and in these every digit counts.
 */
export function numberToText(value: string): string {
  if (/^-?\d{1,40}$/.test(value)) return value;
  const number = Number(value);
  return Number.isFinite(number) ? String(Number(number.toPrecision(15))) : value;
}

const DAY_MS = 86_400_000;

/** Spreadsheets count 29 February 1900, a day that did not exist. */
const LEAP_BUG = 60;

/** A serial number as a date, a time, or both, in ISO 8601. */
export function dateToText(value: string, from1904: boolean): string {
  const serial = Number(value);
  if (!Number.isFinite(serial) || serial < 0 || serial > 2_958_466) return numberToText(value);
  const epoch = from1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, serial < LEAP_BUG ? 31 : 30);
  const iso = new Date(epoch + Math.round(serial * DAY_MS)).toISOString().slice(0, 19);
  const [date = '', time = ''] = iso.split('T');
  if (serial < 1 && !from1904) return time;
  return time === '00:00:00' ? date : iso;
}
