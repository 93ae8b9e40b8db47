import { escapeLineSeparators } from './json-line.ts';

const BEFORE_ID = Buffer.from('{"custom_id":').length;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Reads the custom_id of a line that the workflow wrote. It is the first field, so the rest is not parsed. */
export function readCustomId(line: Buffer): string {
  const start = BEFORE_ID + 1;
  let end = start;
  while (isPlain(line[end])) end += 1;
  // Parsing takes twice as long, and most ids have neither escapes nor other characters than ASCII.
  if (line[end] === QUOTE) return line.toString('latin1', start, end);
  end = line.indexOf(QUOTE, end);
  while (isEscaped(line, end)) end = line.indexOf(QUOTE, end + 1);
  return JSON.parse(line.toString('utf8', BEFORE_ID, end + 1)) as string;
}

/** True for the characters of ASCII that a JSON string contains as they are. */
function isPlain(byte = 0): boolean {
  return byte >= 0x20 && byte < 0x7f && byte !== QUOTE && byte !== BACKSLASH;
}

/** True if a quote is part of the string: an odd number of backslashes is before it. */
function isEscaped(line: Buffer, quote: number): boolean {
  let from = quote;
  while (line[from - 1] === BACKSLASH) from -= 1;
  return (quote - from) % 2 === 1;
}

const BETWEEN_FIELDS = Buffer.from('","');
const NOT_OK = Buffer.from('"ok":false');

/**
 * Position of the second field's quote in such a line. The sequence quote, comma, quote cannot occur within an id, because quotes
 * in it are escaped.
 */
export function fieldsBehindId(line: Buffer): number {
  return line.indexOf(BETWEEN_FIELDS, BEFORE_ID + 1) + 2;
}

/** True if a result line reports that its row is not ok. */
export function isNotOk(line: Buffer): boolean {
  const at = fieldsBehindId(line);
  return NOT_OK.equals(line.subarray(at, at + NOT_OK.length));
}

/** Bytes that an id takes in such a line, quotes included. */
export const idBytes = (customId: string): number => Buffer.byteLength(idText(customId));

const idText = (customId: string): string => escapeLineSeparators(JSON.stringify(customId));

/** Replaces the id of such a line, or of its first part. */
export function withCustomId(line: Buffer, customId: string): Buffer {
  const id = Buffer.from(`{"custom_id":${idText(customId)},`);
  return Buffer.concat([id, line.subarray(fieldsBehindId(line))]);
}
