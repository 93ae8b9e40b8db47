import { hash } from 'node:crypto';
import { isExactNumber, parseExact } from '../exact-json.ts';

/** SHA-256 of everything that an answer depends on, 32 bytes. */
export type Fingerprint = Buffer;

/**
 * Computes the fingerprint of a row's request: its body as canonical JSON, with sorted keys and numbers as they are written, and
 * everything else that the answer depends on.
 * @param line the request line
 * @param scope what the answer depends on besides the body
 * @returns undefined for a body that is nested too deeply to be written
 */
export function fingerprintOf(line: Buffer, scope: string): Fingerprint | undefined {
  try {
    const { body } = parseExact(line.toString('utf8')) as { readonly body: unknown };
    return hash('sha256', `${scope}\n${JSON.stringify(sorted(body))}`, 'buffer');
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** A copy of a JSON value with the keys of its objects sorted. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null || isExactNumber(value)) return value;
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(fields.map(([name, inner]) => [name, sorted(inner)]));
}
