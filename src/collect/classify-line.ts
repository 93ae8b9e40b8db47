import { asWire, type Wire } from '../provider/wire.ts';

/** What one result line says of its row. */
export type Verdict =
  | { readonly kind: 'ok'; readonly body: unknown }
  | {
      /** `retriable`: another round may help; `halting`: the account was denied; `permanent`: nothing will help. */
      readonly kind: 'retriable' | 'halting' | 'permanent';
      readonly code: string;
      readonly message: string;
    };

const RETRIABLE_CODES = new Set([
  'INFERENCE_3103',
  'INFERENCE_3107',
  'INFERENCE_3108',
  'AUTH_1028',
  'batch_expired',
  'batch_cancelled',
  'batch_failed',
]);
const RETRIABLE_STATUSES = new Set([0, 408, 409, 425, 429]);
const HALTING_CODES = new Set(['AUTH_1007', 'AUTH_1008', 'AUTH_1015']);
const HALTING_STATUSES = new Set([401, 402, 403]);
/** Filters that exclude every provider: a 503 that stays one. */
const PERMANENT_CODES = new Set(['INFERENCE_3104']);

/**
 * Reads a result line: Melious's `error` beside `response`, OpenAI's `response.status_code`, and what is seen in
 * between (a body that is a JSON string, an error that is a plain string, both null).
 *
 * @param retriableCodes the profile's own, beside the built-in ones
 */
export function classifyLine(line: Wire, retriableCodes: readonly string[]): Verdict {
  const response = asWire(line['response']);
  const status = readStatus(response);
  const body = readBody(response?.['body']);
  const failed = line['error'] !== null && line['error'] !== undefined;
  if (!failed && body !== undefined && status >= 200 && status < 300) return { kind: 'ok', body };
  const { code, message } = readFailure(failed ? line['error'] : asWire(body)?.['error'], status, response);
  return { kind: severity(code, status, retriableCodes), code, message };
}

/** A response without a status, as Melious writes it, is a success. */
function readStatus(response: Wire | undefined): number {
  const status = response?.['status_code'];
  if (status === undefined || status === null) return 200;
  return typeof status === 'number' ? status : Number(status);
}

/** The body, parsed where it came as a string of JSON; `undefined` when there is none. */
function readBody(body: unknown): unknown {
  if (typeof body !== 'string') return body ?? undefined;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
}

function readFailure(
  error: unknown,
  status: number,
  response: Wire | undefined,
): { code: string; message: string } {
  if (typeof error === 'string') return { code: statusCode(status), message: error };
  const wire = asWire(error);
  if (wire === undefined) {
    return response === undefined || status < 400
      ? {
          code: status === 0 ? 'HTTP_0' : 'EMPTY_RESULT',
          message: 'The provider gave neither an answer nor an error.',
        }
      : { code: statusCode(status), message: `The provider answered ${status} without an error.` };
  }
  const code = wire['code'] ?? wire['type'];
  const named = typeof code === 'string' || typeof code === 'number' ? String(code) : statusCode(status);
  const message = wire['message'];
  return { code: named, message: typeof message === 'string' ? message : 'no message' };
}

function statusCode(status: number): string {
  return status >= 200 && status < 300 ? 'UNKNOWN' : `HTTP_${status}`;
}

/** By code first: codes are more exact than statuses. */
function severity(
  code: string,
  status: number,
  retriableCodes: readonly string[],
): 'retriable' | 'halting' | 'permanent' {
  if (code.startsWith('BILLING_') || HALTING_CODES.has(code)) return 'halting';
  if (retriableCodes.includes(code) || RETRIABLE_CODES.has(code) || code === 'EMPTY_RESULT')
    return 'retriable';
  if (PERMANENT_CODES.has(code)) return 'permanent';
  if (HALTING_STATUSES.has(status)) return 'halting';
  return RETRIABLE_STATUSES.has(status) || status >= 500 ? 'retriable' : 'permanent';
}
