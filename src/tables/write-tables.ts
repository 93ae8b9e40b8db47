import type { Edges } from '../edges.ts';
import { tableKey } from '../checkpoints/keys.ts';
import type { AlsoFormat } from '../checkpoints/profile.ts';
import type { Job } from '../checkpoints/job.ts';
import type { Summary } from '../checkpoints/summary.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { BYTE_ORDER_MARK, csvBeside, CsvText } from './csv.ts';
import { joinedTable, type JoinedTable } from './joined-table.ts';
import { parquetBytes } from './parquet.ts';
import { readUntil } from './read-until.ts';

/** Milliseconds for all tables. The step has 15 minutes in all, and must still write the summary. */
const TIME_MS = 8 * 60_000;

/**
 * Writes the tables of input and answers that the profile requests, beside the results. A failure does not fail the job: the
 * input may be deleted, or too large for the available time.
 * @returns the keys of the tables that exist
 */
export async function writeTables(
  edges: Edges,
  job: Job,
  { results, inputs }: Pick<Summary, 'results' | 'inputs'>,
): Promise<string[]> {
  const { store, log } = edges;
  const { jobId, profile } = job;
  const formats = profile.also ?? [];
  if (formats.length === 0 || results === undefined) return [];
  // Deletes the tables of an earlier end.
  for (const format of formats) await store.delete(tableKey(jobId, format));
  const keys: string[] = [];
  try {
    const until = edges.clock.now() + TIME_MS;
    const table = await joinedTable(store, job, () => readUntil(edges, results, { until }));
    for (const format of formats) {
      const key = tableKey(jobId, format);
      await writeStream(store, key, CHUNKS[format](table, inputs));
      keys.push(key);
    }
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    log('table_not_written', { jobId, error: name, reason: message });
  }
  return keys;
}

type Chunks = (table: JoinedTable, inputs: Summary['inputs']) => AsyncIterable<Uint8Array | string>;

const CHUNKS: Readonly<Record<AlsoFormat, Chunks>> = { csv: csvText, parquet: parquetBytes };

async function* csvText(table: JoinedTable, inputs: Summary['inputs']): AsyncGenerator<string> {
  yield BYTE_ORDER_MARK;
  yield* new CsvText(csvBeside(inputs)).records(table);
}

async function writeStream(
  store: ObjectStore,
  key: string,
  chunks: AsyncIterable<Uint8Array | string>,
): Promise<void> {
  const writer = store.write(key);
  try {
    for await (const chunk of chunks) await writer.write(chunk);
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
