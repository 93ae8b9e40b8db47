import { asBuffer } from '../../jsonl/lines.ts';

const [CR, LF] = [0x0d, 0x0a];

/** True if a file that begins like this ends its lines with a carriage return only, as old Macs did. */
export function hasReturnsAlone(start: Buffer): boolean {
  const at = start.indexOf(CR);
  return at !== -1 && at !== start.length - 1 && !start.includes(LF);
}

/** Replaces each carriage return by a line feed. */
export async function* lineFeedsFor(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks)
    yield Buffer.from(asBuffer(chunk).map((byte) => (byte === CR ? LF : byte)));
}
