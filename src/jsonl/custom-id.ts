const BEFORE_ID = Buffer.from('{"custom_id":').length;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Reads the custom_id of a line that the workflow wrote, in which it is the first field, without parsing the rest. */
export function readCustomId(line: Buffer): string {
  let end = line.indexOf(QUOTE, BEFORE_ID + 1);
  while (isEscaped(line, end)) end = line.indexOf(QUOTE, end + 1);
  return JSON.parse(line.toString('utf8', BEFORE_ID, end + 1)) as string;
}

/** A quote is part of the string when an odd number of backslashes is before it. */
function isEscaped(line: Buffer, quote: number): boolean {
  let from = quote;
  while (line[from - 1] === BACKSLASH) from -= 1;
  return (quote - from) % 2 === 1;
}
