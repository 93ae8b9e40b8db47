/** How a workbook shows the numbers of its cells. */
export interface CellStyles {
  readonly isDate: (style: number) => boolean;
  /** Least digits of a whole number, with zeros in front. */
  readonly digits: (style: number) => number;
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

/** Number of digits of a format such as `00000`, which shows `7` as `00007`: postal codes, article numbers. */
export function leastDigits(code = ''): number {
  return /^0+$/.test(code) ? code.length : 0;
}

/** Puts zeros in front of a whole number that has fewer digits than its format shows. */
export function withZeros(text: string, digits: number): string {
  return /^\d+$/.test(text) ? text.padStart(digits, '0') : text;
}

/**
 * Formats a number as a spreadsheet shows it: with at most 15 digits, because further digits are rounding errors of doubles. Only
 * other programs write longer whole numbers, and in these every digit counts.
 */
export function numberToText(value: string): string {
  if (/^-?\d{1,40}$/.test(value)) return value;
  const number = Number(value);
  const whole = Math.abs(number) < PLAIN_BELOW ? wholeNumber(value) : undefined;
  if (whole !== undefined) return whole;
  return Number.isFinite(number) ? String(Number(number.toPrecision(15))) : value;
}

/** Larger numbers are shown with an exponent. */
const PLAIN_BELOW = 1e21;

/** All digits of a whole number in scientific notation: `1.2345678901234567E+16`. Undefined for any other number. */
function wholeNumber(value: string): string | undefined {
  const [, sign = '', first = '', rest = '', exponent = ''] =
    /^(-?)(\d)(?:\.(\d*))?[eE]\+?(\d{1,2})$/.exec(value) ?? [];
  const places = Number(exponent);
  return first === '' || first === '0' || rest.length > places
    ? undefined
    : `${sign}${first}${rest.padEnd(places, '0')}`;
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
