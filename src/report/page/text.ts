/**
 * Invisible characters that could change how a page is displayed: controls, marks that change the direction of text, line
 * separators. Joiners are allowed, because scripts and emoji need them.
 */
const UNSEEN = /[\p{Cc}\u061C\u200B\u200E\u200F\u2028\u2029\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]/gu;

/** Writes such characters out as `[U+202E]`; tabs and line ends stay. */
export function visible(text: string): string {
  return text.toWellFormed().replace(UNSEEN, (char) => (/[\t\n]/.test(char) ? char : written(char)));
}

function written(char: string): string {
  return `[U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`;
}

/** The beginning of a {@link visible} text that takes at most this many bytes in a page, escaped and in UTF-8. */
export function clip(text: string, maxBytes: number): string {
  // Every character takes at least a byte, so the rest need not be read.
  const start = visible(text.slice(0, maxBytes + 1));
  let bytes = 0;
  let end = 0;
  for (const char of start) {
    bytes += ESCAPED_BYTES[char] ?? Buffer.byteLength(char);
    if (bytes > maxBytes) return `${start.slice(0, end)}…`;
    end += char.length;
  }
  return text.length > maxBytes + 1 ? `${start}…` : start;
}

const ESCAPED_BYTES: Readonly<Record<string, number>> = { '&': 5, '<': 4, '>': 4, '"': 6, "'": 5 };

/** A time for people: `2026-11-01 22:04:10 UTC`. */
export function moment(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')} UTC`;
}

/** A sum of money or energy, rounded to meaningful digits. */
export function amount(value: number): string {
  return value === 0 ? '0' : String(Number(value.toPrecision(6)));
}
