import { Readable } from 'node:stream';
import { streamArray, type StreamArrayItem } from 'stream-json/streamers/stream-array.js';
import { streamObject, type StreamObjectItem } from 'stream-json/streamers/stream-object.js';
import { InvalidInput } from '../../errors.ts';
import type { ReadOptions } from './format.ts';
import type { Row } from '../row.ts';
import { decodeJson } from './json-bytes.ts';
import { peek } from './peek.ts';
import { unwritable } from './unwritable.ts';

/** Rows handed on together. */
const BATCH_ROWS = 500;

/**
 * One JSON document: an array of rows, or the guide's own shape, an object of `{custom_id: prompt}` whose values may also
 * be rows without their id. Streams, so a large document needs no more memory than its largest row.
 * @throws InvalidInput when the file is neither.
 */
export async function* readJsonDocument(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncGenerator<Row[]> {
  const { start, chunks: all } = await peek(chunks);
  const isArray = start.toString('utf8').trimStart().startsWith('[');
  const text = decodeJson(all, options);
  const values = isArray ? elements(text, options.name) : properties(text, options.name);
  let rows: Row[] = [];
  let ordinal = 0;
  for await (const value of values) {
    ordinal += 1;
    rows.push(toRow(ordinal, value));
    if (rows.length === BATCH_ROWS) {
      yield rows;
      rows = [];
    }
  }
  if (rows.length > 0) yield rows;
}

function toRow(line: number, value: unknown): Row {
  const message = unwritable(value);
  if (message === undefined) return { line, value };
  return { line, problem: { code: 'INVALID_JSON', message }, raw: '' };
}

async function* elements(chunks: AsyncIterable<string>, name: string): AsyncGenerator {
  const complaint = `${name} is not one JSON array of rows.`;
  for await (const item of parsed(chunks, streamArray.withParserAsStream(), complaint)) {
    yield (item as StreamArrayItem).value;
  }
}

async function* properties(chunks: AsyncIterable<string>, name: string): AsyncGenerator {
  const complaint =
    `${name} is not one JSON array of rows, and not one JSON object of {"<custom_id>": "<prompt>"}. ` +
    'For a row per line, name the file ".jsonl".';
  for await (const item of parsed(chunks, streamObject.withParserAsStream(), complaint)) {
    const { key, value } = item as StreamObjectItem;
    yield withId(key, value);
  }
}

function withId(customId: string, value: unknown): unknown {
  if (typeof value === 'string') return { custom_id: customId, prompt: value };
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return { ...value, custom_id: customId };
  }
  // No prompt and no row: the checks on rows say so, with the id.
  return { custom_id: customId, prompt: value };
}

/** What a parser makes of the chunks. A failure to read is passed on as it is; one to parse is the input's. */
async function* parsed(
  chunks: AsyncIterable<string>,
  parser: NodeJS.ReadWriteStream & { destroy(error?: Error): unknown },
  complaint: string,
): AsyncGenerator {
  const source = Readable.from(chunks);
  let failed: Error | undefined;
  source.once('error', (error) => {
    failed = error;
    parser.destroy(error);
  });
  try {
    for await (const item of source.pipe(parser)) yield item;
  } catch (error) {
    throw failed ?? new InvalidInput(complaint, { cause: error });
  } finally {
    source.destroy();
  }
}
