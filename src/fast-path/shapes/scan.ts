import { longTextEnd } from './byte-scanner.ts';

/*
 * Finds the ends of values in a JSON line, for values that differ between lines. Accepts only what `JSON.stringify` would write
 * with the same bytes, so that the bytes can be copied; returns -1 for anything else.
 */

const [QUOTE, BACKSLASH, PLUS, MINUS, POINT, ZERO, NINE] = [0x22, 0x5c, 0x2b, 0x2d, 0x2e, 0x30, 0x39];

/**
 * Bytes that need no escape inside a string: all except control characters, quote, backslash, and the first bytes of line
 * separators.
 */
const PLAIN = new Uint8Array(256).map((_, byte) =>
  byte < 0x20 || byte === QUOTE || byte === BACKSLASH || byte === 0xc2 || byte === 0xe2 ? 0 : 1,
);
/** Longest text that is searched by a loop, in bytes. Most ids are shorter, and copying a text takes as long as such a loop. */
const SHORT_BYTES = 48;

/** The position of a text's closing quote, found from the byte after the opening quote. The line must be valid UTF-8. */
export function textEnd(line: Buffer, from: number): number {
  const end = plainEnd(line, from, Math.min(from + SHORT_BYTES, line.length));
  return line[end] === QUOTE ? end : longTextEnd(line, end);
}

/** Finds the next byte that is not plain. V8 optimizes this loop well because it does nothing else. */
function plainEnd(bytes: Uint8Array, from: number, to: number): number {
  const plain = PLAIN;
  let at = from;
  while (at < to && plain[bytes[at] as number] === 1) at += 1;
  return at;
}

/** True for U+0085, U+2028 and U+2029, which are written as escapes. */
export function isLineSeparator(bytes: Uint8Array, at: number): boolean {
  const second = bytes[at + 1];
  if (bytes[at] === 0xc2) return second === 0x85;
  return bytes[at] === 0xe2 && second === 0x80 && (bytes[at + 2] === 0xa8 || bytes[at + 2] === 0xa9);
}

/** Most digits of a number. With more, a double may lose digits or print with an exponent. */
const MAX_DIGITS = 15;
const MAX_LEADING_ZEROS = 5;

/** The end of a number without sign and exponent that prints exactly as it was read. */
export function numberEnd(bytes: Uint8Array, from: number): number {
  const whole = digitsEnd(bytes, from);
  if (whole === from || whole - from > MAX_DIGITS || (bytes[from] === ZERO && whole - from > 1)) return -1;
  if (bytes[whole] !== POINT) return isNumberPart(bytes[whole]) ? -1 : whole;
  const end = digitsEnd(bytes, whole + 1);
  if (end === whole + 1 || bytes[end - 1] === ZERO || isNumberPart(bytes[end])) return -1;
  if (bytes[from] !== ZERO) return end - from - 1 > MAX_DIGITS ? -1 : end;
  let first = whole + 1;
  while (bytes[first] === ZERO) first += 1;
  return first - whole - 1 > MAX_LEADING_ZEROS || end - first > MAX_DIGITS ? -1 : end;
}

function digitsEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  for (let byte = bytes[at] ?? 0; byte >= ZERO && byte <= NINE; byte = bytes[at] ?? 0) at += 1;
  return at;
}

/** True for `e`, `E`, `+`, `-` and a point. */
function isNumberPart(byte = 0): boolean {
  return byte === 0x65 || byte === 0x45 || byte === PLUS || byte === MINUS || byte === POINT;
}

/** The position of the closing quote after digits with or without a point. Some providers send costs as such texts. */
export function quotedNumberEnd(bytes: Uint8Array, from: number): number {
  const whole = digitsEnd(bytes, from);
  if (whole === from) return -1;
  const end = bytes[whole] === POINT ? digitsEnd(bytes, whole + 1) : whole;
  return bytes[end] === QUOTE ? end : -1;
}
