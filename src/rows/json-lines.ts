import { InvalidInput } from '../errors.ts';
import { frameLines, type Line } from './lines.ts';
import type { Row } from './row.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Longest text of an unreadable row that is kept for its dead letter, in characters. */
const MAX_RAW = 100_000;

/** JSON lines: a JSON value per line. */
export async function* readJsonLines(
  chunks: AsyncIterable<Uint8Array>,
  { name, maxRowBytes }: { readonly name: string; readonly maxRowBytes: number },
): AsyncGenerator<Row[]> {
  let seen = false;
  for await (const lines of frameLines(chunks, maxRowBytes)) {
    const rows = lines.map((line) => readLine(line, maxRowBytes));
    if (!seen) refuseWholeDocument(rows, lines, name);
    seen = true;
    yield rows;
  }
}

function readLine({ number: line, bytes }: Line, maxRowBytes: number): Row {
  if (bytes === undefined) {
    const message = `The row is longer than ${maxRowBytes} bytes.`;
    return { line, problem: { code: 'ROW_TOO_LARGE', message }, raw: '' };
  }
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    const message = 'The row is not valid UTF-8.';
    return { line, problem: { code: 'INVALID_UTF8', message }, raw: rawText(bytes) };
  }
  try {
    return { line, value: JSON.parse(text) as unknown };
  } catch {
    const message = 'The row is not valid JSON.';
    return { line, problem: { code: 'INVALID_JSON', message }, raw: rawText(bytes) };
  }
}

function rawText(bytes: Buffer): string {
  return bytes.subarray(0, MAX_RAW).toString('utf8');
}

/** A first line that is a lone bracket is a document printed over many lines, which would be as many invalid rows. */
function refuseWholeDocument(rows: readonly Row[], lines: readonly Line[], name: string): void {
  const first = lines[0]?.bytes?.toString('utf8').trim();
  const isArray = rows[0] !== undefined && 'value' in rows[0] && Array.isArray(rows[0].value);
  if (first === '{' || first === '[' || isArray) {
    throw new InvalidInput(
      `${name} is one JSON document, not JSON lines: write one row per line, or name an object of prompts ".json".`,
    );
  }
}
