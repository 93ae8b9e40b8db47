import { asBuffer } from '../../jsonl/lines.ts';
import type { ReadOptions } from './format.ts';
import { peek } from './peek.ts';

const [CR, LF] = [0x0d, 0x0a];

/** Lines that end with a carriage return alone, as old Macs wrote them, get line feeds; other files stay as they are. */
export async function withLineFeeds(
  chunks: AsyncIterable<Uint8Array>,
  { reading }: ReadOptions,
): Promise<AsyncIterable<Uint8Array>> {
  const { start, chunks: all } = await peek(chunks);
  const at = start.indexOf(CR);
  if (at === -1 || at === start.length - 1 || start.includes(LF)) return all;
  reading.note('Its lines end with carriage returns alone.');
  return replaced(all);
}

async function* replaced(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks)
    yield Buffer.from(asBuffer(chunk).map((byte) => (byte === CR ? LF : byte)));
}
