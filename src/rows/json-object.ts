import { Readable } from 'node:stream';
import { streamObject, type StreamObjectItem } from 'stream-json/streamers/stream-object.js';
import { InvalidInput } from '../errors.ts';
import type { Row } from './row.ts';

/** Rows handed on together. */
const BATCH_ROWS = 500;

/**
 * The guide's own shape: one JSON object of `{custom_id: prompt}`; a value may also be a row without its id. Streams, so
 * a large object needs no more memory than its largest value.
 * @throws InvalidInput when the file is not one JSON object.
 */
export async function* readJsonObject(
  chunks: AsyncIterable<Uint8Array>,
  { name }: { readonly name: string },
): AsyncGenerator<Row[]> {
  let rows: Row[] = [];
  let ordinal = 0;
  for await (const { key, value } of properties(chunks, name)) {
    ordinal += 1;
    rows.push({ line: ordinal, value: toRow(key, value) });
    if (rows.length === BATCH_ROWS) {
      yield rows;
      rows = [];
    }
  }
  if (rows.length > 0) yield rows;
}

async function* properties(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<StreamObjectItem> {
  const source = Readable.from(withoutBom(chunks));
  const parser = streamObject.withParserAsStream();
  source.once('error', (error) => parser.destroy(error));
  let failed: Error | undefined;
  source.once('error', (error) => (failed = error));
  try {
    for await (const property of source.pipe(parser)) yield property as StreamObjectItem;
  } catch (error) {
    if (failed !== undefined) throw failed;
    throw new InvalidInput(
      `${name} is not one JSON object of {"<custom_id>": "<prompt>"}. For a row per line, name the file ".jsonl".`,
      { cause: error },
    );
  } finally {
    source.destroy();
  }
}

function toRow(customId: string, value: unknown): unknown {
  if (typeof value === 'string') return { custom_id: customId, prompt: value };
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return { ...value, custom_id: customId };
  }
  // No prompt and no row: the checks on rows say so, with the id.
  return { custom_id: customId, prompt: value };
}

async function* withoutBom(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let first = true;
  for await (const chunk of chunks) {
    const hasBom = first && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf;
    yield hasBom ? chunk.subarray(3) : chunk;
    first = false;
  }
}
