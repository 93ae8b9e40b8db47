import type { Line } from '../../jsonl/lines.ts';
import type { Row } from '../row.ts';
import { decodeLine } from './decode-line.ts';
import { notUtf8 } from './encoding.ts';
import type { ReadOptions } from './format.ts';
import type { Mark } from './position.ts';
import { rowLines } from './row-lines.ts';

/**
 * Reads plain text with one prompt per line.
 * @throws InvalidInput when it is not UTF-8: half a file is never sent.
 */
export async function* readText(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
  from?: Mark,
): AsyncGenerator<Row[]> {
  for await (const lines of rowLines(chunks, options, 'text', from))
    yield lines.map((line) => toRow(line, options));
}

function toRow(line: Line, { name, maxRowBytes }: ReadOptions): Row {
  if (line.bytes !== undefined && !line.isUtf8) throw notUtf8(name, line.number);
  const decoded = decodeLine(line, maxRowBytes);
  return 'text' in decoded ? { kind: 'read', line: line.number, value: { prompt: decoded.text } } : decoded;
}
