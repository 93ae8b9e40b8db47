const NAME = Buffer.from('"temperature"');
/** Request lines that come ready-made may have letters of the name as escapes. */
const ESCAPED_LETTER = Buffer.from(String.raw`\u00`);

/**
 * Whether the request of a line sets a temperature above 0: its sender expects another answer each time. One that is no number is
 * taken for that, too.
 */
export function setsTemperature(line: Buffer): boolean {
  if (!line.includes(NAME) && !line.includes(ESCAPED_LETTER)) return false;
  const { body } = JSON.parse(line.toString('utf8')) as { readonly body: Readonly<Record<string, unknown>> };
  const { temperature } = body;
  return temperature !== undefined && temperature !== null && temperature !== 0;
}
