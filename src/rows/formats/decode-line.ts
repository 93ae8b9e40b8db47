import type { Line } from '../../jsonl/lines.ts';
import type { UnreadableRow } from '../row.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Longest beginning of an unreadable row that is kept for its dead letter, in bytes. */
const MAX_RAW = 100_000;

/** A line's text, or an unreadable row. */
export function decodeLine(
  { number: line, bytes }: Line,
  maxRowBytes: number,
): { readonly text: string; readonly bytes: Buffer } | UnreadableRow {
  if (bytes === undefined) {
    const message = `The row is longer than ${maxRowBytes} bytes.`;
    return { kind: 'unreadable', line, problem: { code: 'ROW_TOO_LARGE', message }, raw: '' };
  }
  const invalid = (message: string): UnreadableRow => ({
    kind: 'unreadable',
    line,
    problem: { code: 'INVALID_UTF8', message },
    raw: rawText(bytes),
  });
  if (bytes.includes(0)) return invalid('The row is not text: it has a NUL byte.');
  try {
    return { text: utf8.decode(bytes), bytes };
  } catch {
    return invalid('The row is not valid UTF-8.');
  }
}

/** The text of a row for a message, whatever its bytes. */
export function rawText(bytes: Buffer): string {
  return bytes.subarray(0, MAX_RAW).toString('utf8');
}
