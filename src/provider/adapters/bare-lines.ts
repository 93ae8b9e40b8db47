import { frameLines } from '../../jsonl/lines.ts';

const METHOD = Buffer.from(',"method":"POST"');
const BODY = Buffer.from(',"body":');
const SPACE = 0x20;
/** Longest line that is read, in bytes. No file is as long. */
const MAX_LINE_BYTES = 2 ** 40;

/**
 * Request lines with only `custom_id` and `body`, for providers that take the endpoint once per batch. Spaces replace the other
 * fields, so that the file keeps its announced size, by which it is found again.
 */
export async function* bareLines(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const lines of frameLines(content, MAX_LINE_BYTES, 'raw')) {
    yield Buffer.concat(lines.flatMap(({ bytes }) => (bytes === undefined ? [] : [bareLine(bytes)])));
  }
}

function bareLine(line: Buffer): Buffer {
  // Not found inside a JSON string, because every quote there has a backslash before it.
  const from = line.indexOf(METHOD);
  const to = line.indexOf(BODY, from);
  return from === -1 || to === -1 ? line : Buffer.from(line).fill(SPACE, from, to);
}
