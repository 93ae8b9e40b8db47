import { asBuffer } from '../../jsonl/lines.ts';

const [CR, LF] = [0x0d, 0x0a];

/** Whether the lines of a file that begins so end with a carriage return alone, as old Macs wrote them. */
export function hasReturnsAlone(start: Buffer): boolean {
  const at = start.indexOf(CR);
  return at !== -1 && at !== start.length - 1 && !start.includes(LF);
}

/** A line feed for each carriage return. */
export async function* lineFeedsFor(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks)
    yield Buffer.from(asBuffer(chunk).map((byte) => (byte === CR ? LF : byte)));
}
