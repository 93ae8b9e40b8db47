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

/** JSON allows these two raw inside strings, and many line readers split at them. */
export function escapeLineSeparators(json: string): string {
  return json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}
