const NAME = Buffer.from('"temperature"');
/** The beginning of an escaped letter: in request lines from the input, letters of the name may be escaped. */
const ESCAPED_LETTER = Buffer.from(String.raw`\u00`);

/**
 * True if a request sets a temperature above 0, so that its sender expects a different answer each time. Also true for a
 * temperature that is not a number.
 */
export function setsTemperature(line: Buffer): boolean {
  if (!line.includes(NAME) && !line.includes(ESCAPED_LETTER)) return false;
  const { body } = JSON.parse(line.toString('utf8')) as { readonly body: Readonly<Record<string, unknown>> };
  const { temperature } = body;
  return temperature !== undefined && temperature !== null && temperature !== 0;
}
