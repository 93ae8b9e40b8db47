import { ProviderUnavailable } from '../../errors.ts';
import { tryReadAnswer } from '../../jsonl/answer-json.ts';
import type { Answer } from './undici.ts';

/** A call to the provider's API. */
export interface Call {
  /** The call's name for error messages: `poll batch batch_1`. */
  readonly action: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Path below the base URL, starting with a slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | AsyncIterable<Uint8Array>;
  /** True if the call may be repeated after a transient failure. */
  readonly repeatable: boolean;
  /** Aborts the call and the reading of its answer. */
  readonly signal?: AbortSignal | undefined;
}

/** A read call, which may be repeated. */
export function get(action: string, path: string): Call {
  return { action, method: 'GET', path, repeatable: true };
}

/** Longest JSON answer to read, in bytes: a batch may list 50,000 validation errors. */
const MAX_ANSWER_BYTES = 64 * 1_048_576;

/**
 * The answer's body as text.
 * @throws ProviderUnavailable when it does not end
 */
export async function readAnswerText({ action }: Call, { body }: Answer): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += (chunk as Buffer).byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw new ProviderUnavailable(`${action}: the answer does not end.`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Parses the body of an answer as JSON.
 * @throws ProviderUnavailable when the answer is not JSON
 */
export function parseAnswer({ action }: Call, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProviderUnavailable(`${action}: the answer is not JSON (${text.length} characters).`, {
      cause: error,
    });
  }
}

/** The answer as JSON on one line. Line ends become spaces, which changes no value: JSON strings contain none. */
export function jsonLineOf(call: Call, status: number, text: string): string {
  if (tryReadAnswer(text) !== undefined) return text.replaceAll(/[\r\n]+/g, ' ');
  // A success that is not JSON was truncated.
  if (status >= 200 && status < 300) parseAnswer(call, text);
  return JSON.stringify(text);
}
