/** A value as a line of JSON. */
export function jsonLine(value: object): string {
  return `${escapeLineSeparators(JSON.stringify(value))}\n`;
}

/** JSON allows these two raw inside strings, and many line readers split at them. */
export function escapeLineSeparators(json: string): string {
  return json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}
