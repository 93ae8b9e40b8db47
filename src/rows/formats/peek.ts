/** Bytes looked at to tell what a file is. */
const PEEK_BYTES = 4_096;

const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/** The start of a stream, without a BOM, and the whole stream, without it either. */
export interface Peeked {
  readonly start: Buffer;
  readonly chunks: AsyncIterable<Buffer>;
}

/** Looks at a stream's first bytes without losing them. */
export async function peek(chunks: AsyncIterable<Uint8Array>): Promise<Peeked> {
  const source = chunks[Symbol.asyncIterator]();
  let start = Buffer.alloc(0);
  while (start.length < PEEK_BYTES) {
    const next = await source.next();
    if (next.done === true) break;
    start = Buffer.concat([start, next.value]);
  }
  if (start.subarray(0, BOM.length).equals(BOM)) start = start.subarray(BOM.length);
  // Never more, however much came at once: what is found must not hang on how a store cuts its chunks.
  return { start: start.subarray(0, PEEK_BYTES - BOM.length), chunks: rejoined(start, source) };
}

async function* rejoined(start: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Buffer> {
  try {
    if (start.length > 0) yield start;
    for (let next = await rest.next(); next.done !== true; next = await rest.next())
      yield Buffer.from(next.value);
  } finally {
    await rest.return?.();
  }
}
