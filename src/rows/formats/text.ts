import type { ReadOptions } from './format.ts';
import { frameLines, type Line } from '../../jsonl/lines.ts';
import type { Row } from '../row.ts';
import { decodeLine } from './decode-line.ts';

/** Plain text: a prompt per line. */
export async function* readText(
  chunks: AsyncIterable<Uint8Array>,
  { maxRowBytes }: ReadOptions,
): AsyncGenerator<Row[]> {
  for await (const lines of frameLines(chunks, maxRowBytes)) {
    yield lines.map((line) => toRow(line, maxRowBytes));
  }
}

function toRow(line: Line, maxRowBytes: number): Row {
  const decoded = decodeLine(line, maxRowBytes);
  return 'text' in decoded ? { line: line.number, value: { prompt: decoded.text } } : decoded;
}
