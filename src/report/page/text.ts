/**
 * Characters that a page is not to act on, and a reader could not see: controls, marks that turn the direction of the text
 * after them, line separators. Joiners stay: scripts and emoji need them.
 */
const UNSEEN = /[\p{Cc}\u061C\u200B\u200E\u200F\u2028\u2029\u202A-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]/gu;

/** The text with such characters written out, as `[U+202E]`; tabs and line ends stay. */
export function visible(text: string): string {
  return text.toWellFormed().replace(UNSEEN, (char) => (/[\t\n]/.test(char) ? char : written(char)));
}

function written(char: string): string {
  return `[U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`;
}

/** The start of a {@link visible} text, such that it takes at most so many bytes in a page, escaped and as UTF-8. */
export function clip(text: string, maxBytes: number): string {
  // No character takes less than a byte: what is beyond is not looked at.
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

/** A moment for people: `2026-11-01 22:04:10 UTC`. */
export function moment(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')} UTC`;
}

/** A sum of money or energy, without digits nobody reads. */
export function amount(value: number): string {
  return value === 0 ? '0' : String(Number(value.toPrecision(6)));
}
