/** Number of bytes that are read to detect the format. */
export const PEEK_BYTES = 65_536;

/** The start of a stream, and the whole stream. */
export interface Peeked {
  readonly start: Buffer;
  /** True if the beginning is the whole stream. */
  readonly isWhole: boolean;
  readonly chunks: AsyncIterable<Buffer>;
}

/** Reads a stream's first bytes without consuming them. */
export async function peek(chunks: AsyncIterable<Uint8Array>): Promise<Peeked> {
  const source = chunks[Symbol.asyncIterator]();
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  let isWhole = false;
  while (bytes <= PEEK_BYTES && !isWhole) {
    const next = await source.next();
    isWhole = next.done === true;
    if (next.done === true) break;
    pieces.push(next.value);
    bytes += next.value.length;
  }
  const all = Buffer.concat(pieces);
  // Never returns more than the limit, because detection must not depend on the store's chunk sizes.
  return {
    start: all.subarray(0, PEEK_BYTES),
    isWhole: all.length <= PEEK_BYTES,
    chunks: rejoined(all, source),
  };
}

async function* rejoined(start: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Buffer> {
  try {
    if (start.length > 0) yield start;
    for (let next = await rest.next(); next.done !== true; next = await rest.next())
      yield asBuffer(next.value);
  } finally {
    await rest.return?.();
  }
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** A stream without its first bytes. */
export async function* withoutStart(chunks: AsyncIterable<Buffer>, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes;
  for await (const chunk of chunks) {
    const rest = chunk.subarray(left);
    left -= chunk.length - rest.length;
    if (rest.length > 0) yield rest;
  }
}
