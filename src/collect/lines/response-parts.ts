import { numberText } from '../../exact-json.ts';
import { tryReadAnswer } from '../../jsonl/answer-json.ts';
import { pythonAsJson } from '../../provider/errors/python-literal.ts';
import type { Wire } from '../../provider/wire.ts';

/** The status and the body of a response, in the variants of providers. */

/** Names of a response's status field. */
const STATUS_FIELDS = ['status_code', 'statusCode', 'status'];

/**
 * The status of a response; for a line without a response, the line's own status if it is an error. A response without a status
 * counts as a success: Melious writes such responses.
 */
export function readStatusCode(response: Wire | undefined, line: Wire): number {
  // A body in the position of a response may have a `status`, too, but that one is a word.
  const own = statusIn(response, /^\s*(?:HTTP(?:\/[\d.]+)?\s+)?(\d{1,3})\b/i);
  if (own !== undefined || response !== undefined) return own ?? 200;
  return statusIn(line, /^\s*(?:HTTP(?:\/[\d.]+)?\s+)?([45]\d\d)\b/i) ?? 200;
}

function statusIn(wire: Wire | undefined, pattern: RegExp): number | undefined {
  for (const name of STATUS_FIELDS) {
    const status = wire?.[name];
    const text = typeof status === 'string' ? status : (numberText(status) ?? '');
    const [, digits] = pattern.exec(text) ?? [];
    if (digits !== undefined) return Number(digits);
  }
  return undefined;
}

/** Fields of a response that are not part of its body. */
const AROUND_BODY = new Set([...STATUS_FIELDS, 'request_id', 'headers', 'error', 'errors', 'body']);

/** The body of a response; without one, its other non-empty fields. */
export function bodyOf(response: Wire): unknown {
  const body = readBody(response['body']);
  if (body !== undefined) return body;
  const entries = Object.entries(response).filter(([name]) => !AROUND_BODY.has(name));
  const holdsAny = entries.some(([, value]) => typeof value === 'object' && value !== null);
  if (!holdsAny) return undefined;
  const { status } = response;
  return {
    ...(numberText(status) === undefined && status !== undefined && { status }),
    ...Object.fromEntries(entries),
  };
}

/** Most levels of JSON strings within JSON strings that are parsed. */
const MAX_STRINGS = 3;

/** The body, parsed if it is a string with JSON or with a Python dict; `undefined` without a body. */
export function readBody(body: unknown): unknown {
  let read = body;
  for (let level = 0; typeof read === 'string' && level < MAX_STRINGS; level += 1) {
    const inner = tryReadAnswer(read.replace(/^\ufeff/, '')) ?? readPython(read);
    if (inner === undefined) break;
    read = inner;
  }
  return read ?? undefined;
}

/** Reads a body in Python's notation, which some programs write. It is read only if it is an error. */
function readPython(text: string): unknown {
  const json = text.startsWith("{'") ? pythonAsJson(text) : undefined;
  return json === undefined ? undefined : tryReadAnswer(json);
}
