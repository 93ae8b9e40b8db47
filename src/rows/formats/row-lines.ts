import { asBuffer, createFramer, type Line } from '../../jsonl/lines.ts';
import type { ReadOptions } from './format.ts';
import { lineFeedsFor, hasReturnsAlone } from './line-ends.ts';
import { peek } from './peek.ts';
import type { Mark } from './position.ts';

/**
 * The lines of a file that has one row per line, in batches.
 * @param from position of the first chunk, if it is not the start of the file
 */
export async function* rowLines(
  chunks: AsyncIterable<Uint8Array>,
  { maxRowBytes, tracker, reading }: ReadOptions,
  as: 'json lines' | 'text',
  from?: Mark,
): AsyncGenerator<Line[]> {
  const peeked = from === undefined ? await peek(chunks) : undefined;
  const returns = peeked === undefined ? from?.returns === true : hasReturnsAlone(peeked.start);
  if (peeked !== undefined && returns) reading.note('Its lines end with carriage returns only.');
  const framer = createFramer(maxRowBytes, 'rows', from);
  const all = peeked?.chunks ?? chunks;
  for await (const chunk of returns ? lineFeedsFor(all) : all) {
    const lines = framer.push(asBuffer(chunk));
    if (lines.length === 0) continue;
    tracker?.at({ as, returns, ...framer.position });
    yield lines;
  }
  const last = framer.end();
  tracker?.at({ as, returns, ...framer.position });
  if (last.length > 0) yield last;
}
