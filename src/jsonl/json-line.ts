/** A value as a line of JSON. */
export function jsonLine(value: object): string {
  return `${escapeLineSeparators(JSON.stringify(value))}\n`;
}

/** A value as a line of JSON; `undefined` for a value with thousands of levels, which can be parsed but not written. */
export function tryJsonLine(value: object): string | undefined {
  try {
    return jsonLine(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/**
 * Escapes U+0085, U+2028 and U+2029. JSON allows them unescaped inside strings, but many line readers split at them; Python's
 * `str.splitlines` splits at all three. The other characters at which it splits are control characters, which JSON always
 * escapes.
 */
export function escapeLineSeparators(json: string): string {
  return json.replaceAll('\u0085', '\\u0085').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** `JSON.stringify` writes this escape only for a lone surrogate. After another backslash it is plain text. */
const LONE_SURROGATE = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/;

/** True if a JSON text written by `JSON.stringify` has a lone surrogate, so that it is not valid Unicode. */
export function hasLoneSurrogate(json: string): boolean {
  return json.includes('\\ud') && LONE_SURROGATE.test(json);
}

/** The same text with U+FFFD for each lone surrogate. */
export function replaceLoneSurrogates(json: string): string {
  return hasLoneSurrogate(json) ? json.replaceAll(new RegExp(LONE_SURROGATE, 'g'), '$1\\ufffd') : json;
}
