/** A value as a line of JSON. */
export function jsonLine(value: object): string {
  return `${escapeLineSeparators(JSON.stringify(value))}\n`;
}

/** `undefined` for a value of some thousand levels, which can be read but not written. */
export function tryJsonLine(value: object): string | undefined {
  try {
    return jsonLine(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * JSON allows these three raw inside strings, and many line readers split at them: Python's `str.splitlines` at all of them.
 * Whatever else it splits at is a control character, which JSON never holds raw.
 */
export function escapeLineSeparators(json: string): string {
  return json.replaceAll('\u0085', '\\u0085').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** `JSON.stringify` writes this escape for half a surrogate pair and for nothing else. Behind another backslash it is text. */
const LONE_SURROGATE = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/;

/** Whether a JSON text, as `JSON.stringify` writes it, holds half of a surrogate pair: it is not valid Unicode. */
export function hasLoneSurrogate(json: string): boolean {
  return json.includes('\\ud') && LONE_SURROGATE.test(json);
}

/** The same text with U+FFFD for each half of a surrogate pair. */
export function replaceLoneSurrogates(json: string): string {
  return hasLoneSurrogate(json) ? json.replaceAll(new RegExp(LONE_SURROGATE, 'g'), '$1\\ufffd') : json;
}
