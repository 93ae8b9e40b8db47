import { isExactNumber } from '../exact-json.ts';
import type { Job } from '../checkpoints/job.ts';
import type { ResultLine } from '../checkpoints/result-line.ts';
import { readResultLines } from './result-lines.ts';

/** Result lines to search for fields. */
const LOOKED_AT = 1_000;

/** Most columns: an answer that is a map would give one per key. */
const MAX_FIELDS = 1_000;

/**
 * The top-level fields of structured answers, in column order: the properties of the profile's schema, then further fields of the
 * first {@link LOOKED_AT} rows. Fields that occur only later are still part of the whole answer.
 */
export async function answerFields(
  output: Job['profile']['output'],
  results: AsyncIterable<Uint8Array>,
): Promise<string[]> {
  const fields = new Set(schemaFields(output));
  let rows = 0;
  for await (const lines of readResultLines(results)) {
    for (const line of lines.slice(0, LOOKED_AT - rows)) {
      for (const field of Object.keys(structuredAnswer(line) ?? {})) fields.add(field);
    }
    rows += lines.length;
    if (rows >= LOOKED_AT || fields.size >= MAX_FIELDS) break;
  }
  return [...fields].slice(0, MAX_FIELDS);
}

/** The properties of a schema. */
export function schemaFields(output: Job['profile']['output']): string[] {
  const properties = output?.schema['properties'];
  return isObject(properties) ? Object.keys(properties) : [];
}

/** The fields of an answer that matches a schema; undefined if the row has no such answer, or the answer is not an object. */
export function structuredAnswer(line: ResultLine): Readonly<Record<string, unknown>> | undefined {
  return line.ok && isObject(line.output) ? line.output : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value);
}
