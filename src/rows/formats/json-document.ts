import { counted } from '../../text/counted.ts';
import { InvalidInput } from '../../errors.ts';
import { asBuffer } from '../../jsonl/lines.ts';
import type { JsonRow, Row } from '../row.ts';
import type { ReadOptions } from './format.ts';
import { ElementCutter, type Brokenness } from './json-elements.ts';
import { readJsonLines } from './json-lines.ts';
import { PromptMap } from './json-map.ts';
import { peek } from './peek.ts';

/**
 * Reads one JSON document: an array of rows, a single row, or an object `{custom_id: prompt}` as in the guide, whose values may
 * also be rows without an id. Streams, so that memory depends only on the largest row. JSON lines are detected and read as such.
 * @throws InvalidInput when the file is none of these
 */
export async function* readJsonDocument(
  chunks: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncGenerator<Row[]> {
  const { start, chunks: all } = await peek(chunks);
  if (isJsonLines(start)) {
    options.reading.note('Read as JSON lines, a row per line: it is not one JSON document.');
    yield* readJsonLines(all, options);
    return;
  }
  const { name, maxRowBytes } = options;
  const cutter = new ElementCutter({
    name,
    maxBytes: maxRowBytes,
    rejection: (why, isArray, elements) => rejection(name, why, isArray, elements),
  });
  const map = new PromptMap(options);
  let ordinal = 0;
  const toRows = (elements: readonly Buffer[]): JsonRow[] =>
    cutter.isArray === true ? elements.map((json) => toRow(json, (ordinal += 1), name)) : map.take(elements);
  for await (const chunk of all) {
    const rows = toRows(cut(cutter, chunk, map));
    if (rows.length > 0) yield rows;
  }
  if (cutter.end() && cutter.isArray === false) yield map.end();
}

function cut(cutter: ElementCutter, chunk: Uint8Array, map: PromptMap): Buffer[] {
  try {
    return cutter.push(asBuffer(chunk));
  } catch (error) {
    // The rows inside a wrapper object are a single value, which may be longer than a row.
    if (cutter.isArray === false) map.rejectWrapper(cutter.start);
    throw error;
  }
}

function toRow(json: Buffer, line: number, name: string): JsonRow {
  if (!isJson(json)) throw brokenRow(json, line, name);
  return { kind: 'json', line, json };
}

function isJson(json: Buffer): boolean {
  try {
    JSON.parse(json.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}

/** True if the first line is a complete value and another one follows. */
function isJsonLines(start: Buffer): boolean {
  const lines = start.toString('utf8').split(/\r\n|\n|\r/);
  const [first = '', second = ''] = lines.filter((line) => line.trim() !== '');
  return (
    first.trimStart().startsWith('{') && second.trimStart().startsWith('{') && isJson(Buffer.from(first))
  );
}

function rejection(name: string, why: Brokenness, isArray: boolean, elements: number): InvalidInput {
  if (why === 'more than one value') {
    return new InvalidInput(
      `${name} holds several JSON values one after the other. Put them into one array, [ …, … ], or write each on a line of its own and name the file ".jsonl".`,
    );
  }
  const where =
    why === 'cut off' ? `: it ends before it is closed, after ${counted(elements, 'complete row')}` : '';
  if (isArray) return new InvalidInput(`${name} is not one JSON array of rows${where}.`);
  return new InvalidInput(
    `${name} is not one JSON array of rows, and not one JSON object of {"<custom_id>": "<prompt>"}${where}. ` +
      'For a row per line, name the file ".jsonl".',
  );
}

/**
 * The error for an array with an element that is not JSON.
 * @param row number of the row, from 1
 */
function brokenRow(json: Buffer, row: number, name: string): InvalidInput {
  const isEmpty = json.toString('utf8').trim() === '';
  const why = isEmpty
    ? `a comma stands where row ${row} should begin or end. Remove the comma.`
    : `row ${row} is not valid JSON. Correct it, or write a row per line and name the file ".jsonl": then only this row is invalid.`;
  return new InvalidInput(`${name} is not one JSON array of rows: ${why}`);
}
