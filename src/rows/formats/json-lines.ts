import { InvalidInput } from '../../errors.ts';
import type { ReadOptions } from '../formats.ts';
import { frameLines, type Line } from '../lines.ts';
import type { Row } from '../row.ts';
import { decodeLine, rawText } from './decode-line.ts';
import { unwritable } from './unwritable.ts';

/** JSON lines: a JSON value per line. */
export async function* readJsonLines(
  chunks: AsyncIterable<Uint8Array>,
  { name, maxRowBytes }: ReadOptions,
): AsyncGenerator<Row[]> {
  let seen = false;
  for await (const lines of frameLines(chunks, maxRowBytes)) {
    const rows = lines.map((line) => readLine(line, maxRowBytes));
    if (!seen) refuseWholeDocument(rows, lines, name);
    seen = true;
    yield rows;
  }
}

function readLine(line: Line, maxRowBytes: number): Row {
  const decoded = decodeLine(line, maxRowBytes);
  if (!('text' in decoded)) return decoded;
  const invalid = (message: string): Row => ({
    line: line.number,
    problem: { code: 'INVALID_JSON', message },
    raw: rawText(decoded.bytes),
  });
  let value: unknown;
  try {
    value = JSON.parse(decoded.text);
  } catch {
    return invalid('The row is not valid JSON.');
  }
  const reason = unwritable(value);
  return reason === undefined ? { line: line.number, value } : invalid(reason);
}

/** A first line that is a lone bracket is a document printed over many lines, which would be as many invalid rows. */
function refuseWholeDocument(rows: readonly Row[], lines: readonly Line[], name: string): void {
  const first = lines[0]?.bytes?.toString('utf8').trim();
  const isArray = rows[0] !== undefined && 'value' in rows[0] && Array.isArray(rows[0].value);
  if (first === '{' || first === '[' || isArray) {
    throw new InvalidInput(
      `${name} is one JSON document, not JSON lines: write one row per line, or name the file ".json".`,
    );
  }
}
