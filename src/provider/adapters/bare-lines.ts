import { frameLines } from '../../jsonl/lines.ts';

const METHOD = Buffer.from(',"method":"POST"');
const BODY = Buffer.from(',"body":');
const SPACE = 0x20;
/** Longer than any file. */
const MAX_LINE_BYTES = 2 ** 40;

/**
 * Request lines with `custom_id` and `body` alone, for providers that take the endpoint once per batch. Spaces stand
 * where the rest was, so that a file has the bytes it was announced with and is known again by them.
 */
export async function* bareLines(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const lines of frameLines(content, MAX_LINE_BYTES, 'raw')) {
    yield Buffer.concat(lines.flatMap(({ bytes }) => (bytes === undefined ? [] : [bareLine(bytes)])));
  }
}

function bareLine(line: Buffer): Buffer {
  // Inside a JSON string every quote has a backslash before it: neither is found there.
  const from = line.indexOf(METHOD);
  const to = line.indexOf(BODY, from);
  return from === -1 || to === -1 ? line : Buffer.from(line).fill(SPACE, from, to);
}
