import { rename, rm } from 'node:fs/promises';
import { fileWriter, parquetWriteRows } from 'hyparquet-writer';
import { numberText } from '../src/exact-json.ts';
import type { ResultLine } from '../src/checkpoints/result-line.ts';
import { readResultLines } from './result-lines.ts';

/** Rows held together: a group of a Parquet file. With vectors of 1,024 floats, about 100 MB. */
const GROUP_ROWS = 5_000;

/** The columns, in their order. What has no type of its own in Parquet is JSON text. */
const COLUMNS = [
  { name: 'custom_id', type: 'STRING', nullable: false },
  { name: 'ok', type: 'BOOLEAN', nullable: false },
  { name: 'text', type: 'STRING' },
  { name: 'finish_reason', type: 'STRING' },
  { name: 'refusal', type: 'STRING' },
  { name: 'output', type: 'STRING' },
  { name: 'embedding', type: 'STRING' },
  { name: 'ranking', type: 'STRING' },
  { name: 'files', type: 'STRING' },
  { name: 'body', type: 'STRING' },
  { name: 'model', type: 'STRING' },
  { name: 'prompt_tokens', type: 'DOUBLE' },
  { name: 'completion_tokens', type: 'DOUBLE' },
  { name: 'outcome', type: 'STRING', nullable: false },
  { name: 'error_code', type: 'STRING' },
  { name: 'error_message', type: 'STRING' },
  { name: 'retry', type: 'BOOLEAN' },
  { name: 'round', type: 'INT32', nullable: false },
  { name: 'source_file', type: 'STRING' },
  { name: 'source_line', type: 'INT32' },
] as const;

type ParquetRow = Readonly<Record<(typeof COLUMNS)[number]['name'], string | number | boolean | undefined>>;

/** Writes result lines as a Parquet file, a row each, in their order. Whoever looks sees the whole file or none. */
export async function writeParquet(path: string, results: AsyncIterable<Uint8Array>): Promise<void> {
  const staged = `${path}.part`;
  try {
    await parquetWriteRows({
      writer: fileWriter(staged),
      rows: rowsOf(results),
      columns: [...COLUMNS],
      rowGroupSize: GROUP_ROWS,
    });
    await rename(staged, path);
  } finally {
    await rm(staged, { force: true });
  }
}

async function* rowsOf(results: AsyncIterable<Uint8Array>): AsyncGenerator<ParquetRow> {
  for await (const lines of readResultLines(results)) yield* lines.map(toRow);
}

function toRow(line: ResultLine): ParquetRow {
  const { custom_id, ok, round, source } = line;
  const usage = line.usage as Readonly<Record<string, unknown>> | undefined;
  return {
    custom_id,
    ok,
    text: line.text ?? undefined,
    finish_reason: line.finish_reason ?? undefined,
    refusal: line.refusal,
    output: line.ok ? json(line.output) : undefined,
    embedding: line.ok ? json(line.embedding ?? line.embeddings) : undefined,
    ranking: line.ok ? json(line.ranking) : undefined,
    files: line.ok ? json(line.files) : undefined,
    body: json(line.body),
    model: line.model,
    prompt_tokens: number(usage?.['prompt_tokens']),
    completion_tokens: number(usage?.['completion_tokens']),
    outcome: line.ok ? 'ok' : line.outcome,
    error_code: line.ok ? undefined : line.error.code,
    error_message: line.ok ? undefined : line.error.message,
    retry: line.ok ? undefined : line.retry,
    round,
    source_file: source?.file,
    source_line: source?.line,
  };
}

function json(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

function number(value: unknown): number | undefined {
  const text = numberText(value);
  return text === undefined ? undefined : Number(text);
}
