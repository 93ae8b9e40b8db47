/** The styles in which a workbook shows the numbers of its cells. */
export interface CellStyles {
  readonly isDate: (style: number) => boolean;
  /** True if a style shows a number of days as a duration, such as `26:30` hours. */
  readonly isDuration: (style: number) => boolean;
  /** The pattern of a code such as `000-00-0000`; undefined if a style shows a number's own digits. */
  readonly code: (style: number) => CodePattern | undefined;
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

/** True if a number format shows hours, minutes or seconds beyond a day or an hour. */
export function isDurationFormat(id: number, code: string | undefined): boolean {
  return code === undefined ? id === 46 : /^(?:"[^"]*"|[^"])*?\[(?:h+|m+|s+)\]/i.test(code);
}

/** The characters of a code: `0` for a digit, others as they are. */
export type CodePattern = readonly string[];

/** Parts of a format: a quoted text, an escaped character, a space as wide as a character, a filling, a colour or language. */
const FORMAT_PART = /"([^"]*)"|\\(.)|_.|\*.|\[(?![<>=])[^\]]*\]|([-0 $+():!^&'~{}])/gy;

/**
 * The pattern of a format that shows whole numbers as codes, by two zeros or more: `00000`, `000-00-0000`, `"INV-"0000`. Formats
 * with fractions, units or percent signs show quantities, whose digits are read as they are.
 */
export function codePattern(format = ''): CodePattern | undefined {
  const pattern: string[] = [];
  const parts = new RegExp(FORMAT_PART);
  while (parts.lastIndex < format.length && format[parts.lastIndex] !== ';') {
    const found = parts.exec(format);
    if (found === null) return undefined;
    const [, quoted, escaped, plain] = found;
    // A zero that is quoted or escaped is a text, and would be taken for a digit.
    if (`${quoted ?? ''}${escaped ?? ''}`.includes('0')) return undefined;
    pattern.push(...Array.from(quoted ?? escaped ?? plain ?? ''));
  }
  return pattern.filter((character) => character === '0').length > 1 ? pattern : undefined;
}

/** A whole number as a code: its digits in the positions of the pattern, with zeros in front. */
export function withPattern(text: string, pattern: CodePattern): string {
  if (!/^\d+$/.test(text)) return text;
  const positions = pattern.filter((character) => character === '0').length;
  const digits = text.padStart(positions, '0');
  let at = digits.length - positions;
  let isFirst = true;
  return pattern
    .map((character) => {
      if (character !== '0') return character;
      // Digits beyond the pattern stand in front.
      const from = isFirst ? 0 : at;
      isFirst = false;
      at += 1;
      return digits.slice(from, at);
    })
    .join('');
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

/** Number of 29 February 1900, a day that spreadsheets count although it did not exist. */
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

/** A number of days as hours, minutes and seconds: `26:30:00`. */
export function durationToText(value: string): string {
  const days = Number(value);
  if (!Number.isFinite(days)) return value;
  const seconds = Math.round(Math.abs(days) * (DAY_MS / 1_000));
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${days < 0 ? '-' : ''}${parts.map((part) => String(part).padStart(2, '0')).join(':')}`;
}
