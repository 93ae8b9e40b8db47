import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { jobObject } from '../../src/checkpoints/job.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { counted } from '../../src/report/text.ts';
import { printable, printableLines } from '../../src/printable.ts';
import { answerFields } from '../csv/answer-fields.ts';
import { BYTE_ORDER_MARK, ResultsTable, type TableOptions } from '../csv/results-table.ts';
import { jsonLine } from '../json-lines.ts';
import { print, printError, printStream } from '../output.ts';
import { read, resultsOf, writeWhole } from '../result-files.ts';

interface CsvFlags {
  readonly out?: string;
  readonly raw?: true;
  readonly json?: true;
}

/** Writes a job's results as CSV to the file `out`, or to standard output, and says on standard error how many cells it changed. */
export async function exportCsv(store: ObjectStore, summary: Summary, flags: CsvFlags): Promise<void> {
  const key = resultsOf(summary);
  // Absent when the job's checkpoints are forgotten.
  const job = await jobObject.read(store, summary.jobId);
  const fields = await answerFields(job?.profile.output, read(store, key));
  const options = { fields, raw: flags.raw === true };
  const source = read(store, key);
  const changed =
    flags.out === undefined
      ? await printTable(source, options)
      : await writeTable(source, options, { ...flags, out: flags.out, jobId: summary.jobId, key });
  if (changed > 0)
    printError(
      `${counted(changed, 'cell')} that a spreadsheet would take for a formula: an apostrophe before each. --raw leaves cells as they are.`,
    );
}

type Table = Omit<TableOptions, 'lineEnd'>;

async function writeTable(
  source: AsyncIterable<Uint8Array>,
  options: Table,
  {
    out,
    json,
    jobId,
    key,
  }: CsvFlags & { readonly out: string; readonly jobId: string; readonly key: string },
): Promise<number> {
  const table = new ResultsTable({ ...options, lineEnd: '\r\n' });
  const path = await writeWhole(await fileAt(out), withMark(table.records(source)));
  const { size } = await stat(path);
  print(json ? jsonLine('file', { jobId, key, path, bytes: size }) : printable(path));
  return table.changed;
}

/** An existing folder gets a `results.csv`. */
async function fileAt(out: string): Promise<string> {
  const found = await stat(out).catch(() => undefined);
  return found?.isDirectory() === true ? join(out, 'results.csv') : out;
}

/** A pipe gets the bytes of the file; a terminal gets text that only shows. */
async function printTable(source: AsyncIterable<Uint8Array>, options: Table): Promise<number> {
  const isTerminal = process.stdout.isTTY;
  const table = new ResultsTable({ ...options, lineEnd: isTerminal ? '\n' : '\r\n' });
  const records = table.records(source);
  await printStream(isTerminal ? shown(records) : withMark(records));
  return table.changed;
}

async function* withMark(records: AsyncIterable<string>): AsyncGenerator<string> {
  yield BYTE_ORDER_MARK;
  yield* records;
}

async function* shown(records: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const text of records) yield printableLines(text);
}
