import { answerText } from '../../tables/answer-text.ts';
import { parseExact } from '../../exact-json.ts';
import type { Outcome } from '../../checkpoints/counts.ts';
import type { ResultLine } from '../../checkpoints/result-line.ts';
import { sideBySide } from '../../side-by-side.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { clip } from '../page/text.ts';

/** One result line as the page shows it. */
export interface SampledRow {
  readonly customId: string;
  readonly outcome: RowKind;
  /** The answer, or what went wrong. */
  readonly answer: string;
  /** The row's question; absent when it is unknown. */
  readonly asked?: string;
}

/** An outcome; `truncated` and `refused` are answers that are ok and not what was hoped for. */
export type RowKind = Outcome | 'truncated' | 'refused';

/** However many rows a job has: so many ranges are read, so much at each, so many rows of it. */
const RANGES = 12;
const RANGE_BYTES = 131_072;
const MAX_ROWS = 96;

/** In the page, escaped. */
const ANSWER_BYTES = 600;
const ID_BYTES = 160;

/** A part of a file of results. */
interface Range {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/**
 * A fixed sample of a job's result lines: from ranges spread evenly over its files of results and over the bytes of each, so the
 * same results give the same sample. Lines longer than what is read at a range are not in it.
 * @param keys the files: of the whole job once it has ended, since its shards' are deleted then; of each finished shard before
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

/** At most so many of them, evenly, the first among them. */
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
  // A range begins within some line, and ends within one: after the last line end, or somewhere before it.
  return lines
    .slice(start === 0 ? 0 : 1, -1)
    .slice(0, most)
    .flatMap(showLine);
}

function showLine(text: string): SampledRow[] {
  const line = parseExact(text) as ResultLine | { readonly ok?: never };
  // Of a shard: an earlier row answers for this one when the job is written.
  if (line.ok === undefined) return [];
  const customId = clip(line.custom_id, ID_BYTES);
  if (line.ok) return [{ customId, outcome: 'ok', answer: clip(answerText(line), ANSWER_BYTES) }];
  const { outcome, error } = line;
  return [{ customId, outcome, answer: clip(`${error.code}: ${error.message}`, ANSWER_BYTES) }];
}
