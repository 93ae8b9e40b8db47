import { answerText } from '../../tables/answer-text.ts';
import { parseExact } from '../../exact-json.ts';
import type { Outcome } from '../../checkpoints/counts.ts';
import type { ResultLine } from '../../checkpoints/result-line.ts';
import { sideBySide } from '../../concurrency/side-by-side.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { clip } from '../page/text.ts';

/** One result line as it is shown on the page. */
export interface SampledRow {
  readonly customId: string;
  readonly outcome: RowKind;
  /** The answer, or the error. */
  readonly answer: string;
  /** The row's question; absent if unknown. */
  readonly asked?: string;
}

/** An outcome, or `truncated` or `refused` for an ok row with an incomplete answer. */
export type RowKind = Outcome | 'truncated' | 'refused';

/** Number of ranges to read, bytes per range, and rows per range, whatever the number of a job's rows. */
const RANGES = 12;
const RANGE_BYTES = 131_072;
const MAX_ROWS = 96;

/** Longest answer in the page, in bytes after escaping. */
const ANSWER_BYTES = 600;
const ID_BYTES = 160;

/** A range of bytes in a file of results. */
interface Range {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/**
 * A deterministic sample of a job's result lines: ranges are spread evenly over its result files and their bytes. Lines that are
 * longer than a range are not included.
 * @param keys the result files: the job's once it has ended, because its shards' files are deleted then; before that, those of
 * each finished shard
 */
export async function sampleRows(store: ObjectStore, keys: readonly string[]): Promise<SampledRow[]> {
  const some = spread(keys, RANGES);
  const perFile = Math.floor(RANGES / Math.max(1, some.length));
  const ranges = await sideBySide(some, (key) => rangesIn(store, key, perFile));
  const all = ranges.flat();
  const rowsPerRange = Math.ceil(MAX_ROWS / Math.max(1, all.length));
  const rows = await sideBySide(all, (range) => readRange(store, range, rowsPerRange));
  return rows.flat().slice(0, MAX_ROWS);
}

/** At most `most` items, evenly spread, including the first. */
function spread<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, n) => items[Math.floor((n * items.length) / most)] as T);
}

async function rangesIn(store: ObjectStore, key: string, most: number): Promise<Range[]> {
  const { bytes = 0 } = (await store.stat(key)) ?? {};
  if (bytes === 0) return [];
  const ranges = Math.min(most, Math.max(1, Math.floor(bytes / RANGE_BYTES)));
  return Array.from({ length: ranges }, (_, n) => {
    const start = Math.floor((bytes * n) / ranges);
    return { key, start, end: Math.min(bytes, start + RANGE_BYTES) };
  });
}

async function readRange(
  store: ObjectStore,
  { key, start, end }: Range,
  most: number,
): Promise<SampledRow[]> {
  const bytes = await store.get(key, { start, end });
  const lines = (bytes ?? Buffer.alloc(0)).toString('utf8').split('\n');
  // A range begins and ends within a line, so only the lines between its first and last line end are used.
  return lines
    .slice(start === 0 ? 0 : 1, -1)
    .slice(0, most)
    .flatMap(showLine);
}

function showLine(text: string): SampledRow[] {
  const line = parseExact(text) as ResultLine | { readonly ok?: never };
  // In the results of a shard, this row has no line yet. It gets its line from an earlier row when the job's results are written.
  if (line.ok === undefined) return [];
  const customId = clip(line.custom_id, ID_BYTES);
  if (line.ok) return [{ customId, outcome: 'ok', answer: clip(answerText(line), ANSWER_BYTES) }];
  const { outcome, error } = line;
  return [{ customId, outcome, answer: clip(`${error.code}: ${error.message}`, ANSWER_BYTES) }];
}
