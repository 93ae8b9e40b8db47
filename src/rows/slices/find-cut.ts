import type { InputRef } from '../../checkpoints/job.ts';
import type { TableRules } from '../../checkpoints/profile.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { isQuoted, RecordCutter, type CsvRecord } from '../formats/csv-records.ts';
import type { Head } from './division.ts';

const [QUOTE, LF, CR] = [0x22, 0x0a, 0x0d];

/** Bytes after a boundary that are searched for the start of a row; the second number is for long rows. */
const WINDOWS = [1_048_576, 8_388_608];

/** Most line ends of a table to try, and the bytes to examine after each. */
const MAX_TRIES = 64;
const LOOK_BYTES = 65_536;

interface Boundary {
  readonly near: number;
  readonly head: Head;
  readonly table: TableRules | undefined;
}

/**
 * Finds the start of a row at or after a boundary; undefined if there is none nearby. For lines the result is certain. For a
 * table it is a guess, because a line end may be inside quotes; reading the slice before it shows whether it was right.
 */
export async function findCut(
  store: ObjectStore,
  { key, version, etag }: InputRef,
  { near, head, table }: Boundary,
): Promise<number | undefined> {
  // One byte earlier: a row may begin right at the boundary.
  const from = near - 1;
  for (const window of WINDOWS) {
    const bytes = await store.get(key, { version, etag, start: from, end: from + window });
    if (bytes === undefined) return undefined;
    const at =
      head.as === 'table' ? cutOfTable(bytes, head, table) : bytes.indexOf(head.returns ? CR : LF) + 1;
    if (at > 0) return from + at;
  }
  return undefined;
}

function cutOfTable(bytes: Buffer, head: Head, table: TableRules | undefined): number {
  const first = bytes.indexOf(LF) + 1;
  let at = first;
  for (let tries = 0; at > 0 && tries < MAX_TRIES; tries += 1) {
    if (looksLikeRows(bytes.subarray(at, at + LOOK_BYTES), head, table)) return at;
    at = bytes.indexOf(LF, at) + 1;
  }
  return first;
}

/** True if bytes begin with records of the table's width, without quotes inside unquoted cells. */
function looksLikeRows(
  bytes: Buffer,
  { delimiter = ',', header = [] }: Head,
  table: TableRules | undefined,
): boolean {
  const cutter = new RecordCutter({ delimiter, quotes: table?.quotes, longest: LOOK_BYTES });
  const { records, broken } = cutter.cut(bytes.subarray(0, bytes.lastIndexOf(LF) + 1), false);
  return (
    (broken === undefined || broken.why === 'not UTF-8') &&
    records.length > 0 &&
    records.every((record) => record.spans.length === 2 * header.length && !hasLooseQuote(record))
  );
}

function hasLooseQuote({ spans, chunk: { bytes } }: CsvRecord): boolean {
  for (let n = 0; n < spans.length; n += 2) {
    const start = spans[n] as number;
    if (!isQuoted(bytes, start) && bytes.subarray(start, spans[n + 1]).includes(QUOTE)) return true;
  }
  return false;
}
