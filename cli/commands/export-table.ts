import { join } from 'node:path';
import { InvalidRequest } from '../../src/errors.ts';
import { jobObject } from '../../src/checkpoints/job.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { counted } from '../../src/text/counted.ts';
import { printable, printableLines } from '../../src/text/printable.ts';
import { readDelimiter } from '../../src/rows/formats/delimiter.ts';
import { answerFields } from '../../src/tables/answer-fields.ts';
import { BYTE_ORDER_MARK, CsvText, delimiterOfInputs, SPREADSHEET_DELIMITERS } from '../../src/tables/csv.ts';
import { joinedTable } from '../../src/tables/joined-table.ts';
import { jsonRows } from '../../src/tables/json-table.ts';
import { parquetBytes } from '../../src/tables/parquet.ts';
import { resultsTable } from '../../src/tables/results-table.ts';
import type { Table } from '../../src/tables/table.ts';
import { printError, printStream } from '../output.ts';
import { parquetTable } from '../parquet.ts';
import { read, resultsOf, outputNotWritten, writeWhole } from '../result-files.ts';
import { isFolder, type TableFormat } from '../table-format.ts';
import { MAX_CELL } from '../xlsx/sheet-xml.ts';
import { Workbook } from '../xlsx/workbook.ts';

export interface ExportOptions {
  readonly format: TableFormat;
  /** True to put the input's columns before the answers. */
  readonly withInput: boolean;
  /** The output file; absent for standard output. */
  readonly out?: string | undefined;
  readonly raw?: boolean | undefined;
  readonly delimiter?: string | undefined;
}

/** Prints a job's results as a table, and reports on standard error what the table leaves out or changes. */
export async function printTable(
  store: ObjectStore,
  summary: Summary,
  options: Omit<ExportOptions, 'out'>,
): Promise<void> {
  const { chunks, notices } = await makeTable(store, summary, options);
  await printStream(chunks);
  for (const notice of notices()) printError(notice);
}

/**
 * Writes a job's results as a table to a file, and reports the same notices.
 * @returns the file's path
 */
export async function exportTable(
  store: ObjectStore,
  summary: Summary,
  options: ExportOptions & { readonly out: string },
): Promise<string> {
  const { chunks, notices } = await makeTable(store, summary, options);
  const path = await writeWhole(await fileAt(options.out, options.format), chunks);
  for (const notice of notices()) printError(notice);
  return path;
}

interface AfterRun {
  readonly format: TableFormat;
  readonly out: string;
  /** The data folder with the answers. */
  readonly data: string;
}

/**
 * {@link exportTable} with the input, for a run that has ended. Its answers are already safe in the data folder.
 * @throws InvalidRequest when the file cannot be written; names the command that writes to another file
 */
export async function exportAfterRun(
  store: ObjectStore,
  summary: Summary,
  { format, out, data }: AfterRun,
): Promise<string> {
  try {
    return await exportTable(store, summary, { format, withInput: true, out });
  } catch (error) {
    const command = `nightshift results ${summary.jobId} --data ${printable(data)} --with-input --out <file>.${format}`;
    throw outputNotWritten({ out, command, error });
  }
}

/**
 * Reads the delimiter of a table for spreadsheets. Default: a comma.
 * @throws InvalidRequest for an unknown delimiter
 */
export function delimiterOf(delimiter = ','): string {
  const read = readDelimiter(delimiter);
  if (read === undefined || !SPREADSHEET_DELIMITERS.includes(read))
    throw new InvalidRequest(
      `--delimiter ${printable(delimiter)} is not a delimiter of spreadsheets: give one of , ; | or tab.`,
    );
  return read;
}

/** A streamed table, with the notices to print after its end. */
interface WrittenTable {
  readonly chunks: AsyncIterable<Uint8Array | string>;
  readonly notices: () => readonly string[];
}

async function makeTable(
  store: ObjectStore,
  summary: Summary,
  options: ExportOptions,
): Promise<WrittenTable> {
  const { format, withInput } = options;
  const results = (): AsyncGenerator<Buffer> => read(store, resultsOf(summary));
  if (!withInput && format === 'jsonl') return { chunks: results(), notices: () => [] };
  if (!withInput && format === 'parquet') return writeTable(parquetTable(results), options);
  // Absent if the job's checkpoints are deleted.
  const job = await jobObject.read(store, summary.jobId);
  if (!withInput)
    return writeTable(resultsTable(results, await answerFields(job?.profile.output, results())), options);
  if (job === undefined)
    throw new InvalidRequest(
      `The input of job ${summary.jobId} is no longer known: its job.json is deleted. Leave out --with-input.`,
    );
  const table = await joinedTable(store, job, results);
  const { delimiter = delimiterOfInputs(summary.inputs) } = options;
  const { chunks, notices } = writeTable(table, { ...options, delimiter });
  const cut = table.isCut ? ['The rows have more than 1,000 fields: the others have no column.'] : [];
  return { chunks, notices: () => [...cut, ...notices()] };
}

function writeTable<Source>(
  table: Table<Source>,
  { format, raw = false, delimiter, out }: ExportOptions,
): WrittenTable {
  switch (format) {
    case 'jsonl':
      return { chunks: jsonRows(table), notices: () => [] };
    case 'parquet':
      return { chunks: parquetBytes(table), notices: () => [] };
    case 'xlsx': {
      const workbook = new Workbook();
      return { chunks: workbook.bytes(table), notices: () => tellCut(workbook.cut) };
    }
    case 'csv': {
      // A pipe gets the unchanged bytes of the file; a terminal gets text without control characters.
      const isTerminal = out === undefined && process.stdout.isTTY;
      const csv = new CsvText({
        raw,
        delimiter: delimiterOf(delimiter),
        lineEnd: isTerminal ? '\n' : '\r\n',
      });
      const records = csv.records(table);
      return {
        chunks: isTerminal ? shown(records) : withMark(records),
        notices: () => tellChanged(csv.changed),
      };
    }
  }
}

function tellCut(cells: number): string[] {
  if (cells === 0) return [];
  return [
    `${counted(cells, 'cell')} longer than the ${MAX_CELL.toLocaleString('en')} characters that a spreadsheet allows: cut there. --format csv has all of the text.`,
  ];
}

function tellChanged(cells: number): string[] {
  if (cells === 0) return [];
  return [
    `${counted(cells, 'cell')} that a spreadsheet may read as a formula: an apostrophe was put before it. --raw leaves cells as they are.`,
  ];
}

/** The path of the file. If the path is an existing folder, the file is `results.<format>` in it. */
async function fileAt(out: string, format: TableFormat): Promise<string> {
  return (await isFolder(out)) ? join(out, `results.${format}`) : out;
}

async function* withMark(records: AsyncIterable<string>): AsyncGenerator<string> {
  yield BYTE_ORDER_MARK;
  yield* records;
}

async function* shown(records: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const text of records) yield printableLines(text);
}
