import { isListed } from '../../provider/dialects/known.ts';
import type { Codes } from '../../provider/dialects/schema.ts';
import { asWire, type Wire } from '../../provider/wire.ts';

/** What one result line says of its row. */
export type Verdict =
  | { readonly kind: 'ok'; readonly body: unknown }
  | {
      /** `retriable`: another round may help; `halting`: the account was denied; `permanent`: nothing will help. */
      readonly kind: 'retriable' | 'halting' | 'permanent';
      readonly code: string;
      readonly message: string;
    };

const RETRIABLE_STATUSES = new Set([0, 408, 409, 425, 429]);
const HALTING_STATUSES = new Set([401, 402, 403]);

/** What a provider's codes say of a row, whatever its status says. */
export type RowCodes = Pick<Codes, 'retriable' | 'permanent' | 'halting'>;

/**
 * Reads a result line: Melious's `error` beside `response`, OpenAI's `response.status_code`, and what is seen in
 * between (a body that is a JSON string, an error that is a plain string, a status for a code, both null).
 *
 * @param codes the dialect's, with the profile's own retriable ones
 */
export function classifyLine(line: Wire, codes: RowCodes): Verdict {
  const response = asWire(line['response']);
  const status = readStatus(response);
  const body = readBody(response?.['body']);
  const failed = !saysNothing(line['error']);
  if (!failed && body !== undefined && status >= 200 && status < 300) return { kind: 'ok', body };
  const { code, message } = readFailure(failed ? line['error'] : asWire(body)?.['error'], status, response);
  return { kind: severity(code, statusIn(code) ?? status, codes), code, message };
}

/** No error, also as programs write one whose fields always have a value: `""`, `{}`, `{"code":null,"message":""}`. */
function saysNothing(error: unknown): boolean {
  if (error === null || error === undefined || error === '' || error === false) return true;
  return typeof error === 'object' && Object.values(error).every((value) => value === null || value === '');
}

/** A response without a status, as Melious writes it, is a success. */
function readStatus(response: Wire | undefined): number {
  const status = response?.['status_code'];
  if (status === undefined || status === null || status === '') return 200;
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

/** LiteLLM writes the status as the code: `"429"`. */
function statusIn(code: string): number | undefined {
  return /^[45]\d\d$/.test(code) ? Number(code) : undefined;
}

/** By code first: codes are more exact than statuses. */
function severity(code: string, status: number, codes: RowCodes): 'retriable' | 'halting' | 'permanent' {
  if (isListed(code, codes.halting)) return 'halting';
  if (isListed(code, codes.retriable) || code === 'EMPTY_RESULT') return 'retriable';
  if (isListed(code, codes.permanent)) return 'permanent';
  if (HALTING_STATUSES.has(status)) return 'halting';
  return RETRIABLE_STATUSES.has(status) || status >= 500 ? 'retriable' : 'permanent';
}
