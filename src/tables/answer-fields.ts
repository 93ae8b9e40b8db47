import { isExactNumber } from '../exact-json.ts';
import type { Job } from '../checkpoints/job.ts';
import type { ResultLine } from '../checkpoints/result-line.ts';
import { readResultLines } from './result-lines.ts';

/** Result lines that are looked at for fields. */
const LOOKED_AT = 1_000;

/** Most columns: an answer that is a map would have one per key. */
const MAX_FIELDS = 1_000;

/**
 * The top-level fields of structured answers, in the order of their columns: the properties that the profile's schema names,
 * then those that only the first {@link LOOKED_AT} rows have. What comes later is in the whole answer all the same.
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

/** The properties that a schema names. */
export function schemaFields(output: Job['profile']['output']): string[] {
  const properties = output?.schema['properties'];
  return isObject(properties) ? Object.keys(properties) : [];
}

/** The fields of an answer that matches a schema; undefined when the row has no such answer, or it is no object. */
export function structuredAnswer(line: ResultLine): Readonly<Record<string, unknown>> | undefined {
  return line.ok && isObject(line.output) ? line.output : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isExactNumber(value);
}
