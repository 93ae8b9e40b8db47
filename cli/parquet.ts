import { numberText } from '../src/exact-json.ts';
import type { ResultLine } from '../src/checkpoints/result-line.ts';
import { readResultLines } from '../src/tables/result-lines.ts';
import { parquetBytes } from '../src/tables/parquet.ts';
import type { Column, Table } from '../src/tables/table.ts';
import { writeWhole } from './result-files.ts';

type ResultColumn = Column<ResultLine>;

const column =
  (kind: ResultColumn['kind']) =>
  (name: string, value: ResultColumn['value']): ResultColumn => ({ name, kind, value });
const text = column('text');
const integer = column('integer');
const number = column('number');

/** The columns, in order. Values without a Parquet type become JSON text. */
const COLUMNS: readonly ResultColumn[] = [
  text('custom_id', (line) => line.custom_id),
  column('boolean')('ok', (line) => line.ok),
  text('text', (line) => line.text),
  text('finish_reason', (line) => line.finish_reason),
  text('refusal', (line) => line.refusal),
  text('output', (line) => (line.ok ? json(line.output) : undefined)),
  text('embedding', (line) => (line.ok ? json(line.embedding ?? line.embeddings) : undefined)),
  text('ranking', (line) => (line.ok ? json(line.ranking) : undefined)),
  text('files', (line) => (line.ok ? json(line.files) : undefined)),
  text('body', (line) => json(line.body)),
  text('model', (line) => line.model),
  number('prompt_tokens', (line) => tokens(line, 'prompt_tokens')),
  number('completion_tokens', (line) => tokens(line, 'completion_tokens')),
  text('outcome', (line) => (line.ok ? 'ok' : line.outcome)),
  text('error_code', (line) => (line.ok ? undefined : line.error.code)),
  text('error_message', (line) => (line.ok ? undefined : line.error.message)),
  column('boolean')('retry', (line) => (line.ok ? undefined : line.retry)),
  integer('round', (line) => line.round),
  text('source_file', (line) => line.source?.file),
  integer('source_line', (line) => line.source?.line),
];

/** Result lines as a table: one row each, in order, with a column for every field. */
export function parquetTable(results: () => AsyncIterable<Uint8Array>): Table<ResultLine> {
  return { columns: COLUMNS, rows: () => readResultLines(results()) };
}

/** Writes result lines as a Parquet file, which appears only once it is complete. */
export async function writeParquet(path: string, results: () => AsyncIterable<Uint8Array>): Promise<void> {
  await writeWhole(path, parquetBytes(parquetTable(results)));
}

function json(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

function tokens({ usage }: ResultLine, name: string): number | undefined {
  const found = numberText((usage as Readonly<Record<string, unknown>> | undefined)?.[name]);
  return found === undefined ? undefined : Number(found);
}
