import Table from 'cli-table3';
import { answerText } from '../src/tables/answer-text.ts';
import { parseExact } from '../src/exact-json.ts';
import type { ResultLine } from '../src/checkpoints/result-line.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { printable } from '../src/text/printable.ts';

/** Most rows shown on a terminal; the file has all of them. */
export const SHOWN_ROWS = 10;

/** The first result lines as a table with id and answer or error, fitted to the terminal's width. */
export async function answersTable(store: ObjectStore, key: string, columns: number): Promise<string> {
  const lines = await firstLines(store, key, SHOWN_ROWS);
  const rows = lines.map((line) => cells(parseExact(line) as ResultLine));
  const idWidth = Math.min(32, Math.max(9, ...rows.map(([id]) => id.length)) + 2);
  const answerWidth = Math.max(20, columns - idWidth - 3);
  const table = new Table({
    head: ['custom_id', 'answer'],
    colWidths: [idWidth, answerWidth],
    style: { head: [], border: [] },
    // No lines between rows: each row takes one line.
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  table.push(...rows);
  return table.toString();
}

function cells(line: ResultLine): [string, string] {
  const text = line.ok ? answerText(line) : `${line.outcome}: ${line.error.code} ${line.error.message}`;
  return [printable(line.custom_id), printable(text)];
}

/** Reads only as much as necessary, because results may be gigabytes. */
async function firstLines(store: ObjectStore, key: string, wanted: number): Promise<string[]> {
  const object = await store.open(key, { end: 1_000_000 });
  if (object === undefined) return [];
  const chunks: Buffer[] = [];
  for await (const chunk of object.body) chunks.push(chunk);
  const lines = Buffer.concat(chunks).toString('utf8').split('\n');
  // The last piece is empty, or a line that is cut off at the end of the range.
  return lines.slice(0, -1).slice(0, wanted);
}
