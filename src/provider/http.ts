import { bounded, ProviderThrottled, ProviderUnavailable } from '../errors.ts';
import { tryReadAnswer } from '../jsonl/answer-json.ts';
import type { DirectAnswer } from './batch-provider.ts';
import { classifyError } from './classify-error.ts';
import type { Dialect } from './dialects/schema.ts';
import { backoffMs, MAX_WAIT_MS, parseRetryAfter } from './retry-after.ts';
import { Agent, errors, request, type Answer } from './undici.ts';

/** Milliseconds. */
export interface Timeouts {
  /** TCP and TLS. */
  readonly connect: number;
  /** From the request's last byte to the answer's headers; an upload is stored and checked in that time. */
  readonly headers: number;
  /** Between two pieces of an answer's body. */
  readonly body: number;
}

export const TIMEOUTS: Timeouts = { connect: 10_000, headers: 120_000, body: 60_000 };

export interface HttpOptions {
  readonly baseUrl: string;
  readonly apiKey: () => Promise<string>;
  readonly dialect: Pick<Dialect, 'auth' | 'codes'>;
  /** Sent with every call. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly random: () => number;
  readonly wait: (milliseconds: number) => Promise<void>;
  readonly timeouts: Timeouts;
}

export interface Call {
  /** What is asked, for error messages: `poll batch batch_1`. */
  readonly action: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below the base URL, starting with a slash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | AsyncIterable<Uint8Array>;
  /** Whether the call may be made again when it failed for a passing reason. */
  readonly repeatable: boolean;
}

/** Attempts inside one step; Step Functions' Retry does the long waits between steps. */
const MAX_ATTEMPTS = 3;

/** Longest JSON answer that is read, in bytes: a batch may list 50,000 validation errors. */
const MAX_ANSWER_BYTES = 64 * 1_048_576;

/**
 * Longest a realtime call may take as a whole, in milliseconds: the model writes all of its answer first. A step starts
 * none that would not end within its Lambda's 15 minutes.
 */
export const REALTIME_MS = 240_000;

/** Sends calls with the key, classifies bad answers, repeats what is safe to repeat. */
export class Http {
  readonly #options: HttpOptions;
  readonly #agent: Agent;

  constructor(options: HttpOptions) {
    this.#options = options;
    const { connect, headers, body } = options.timeouts;
    this.#agent = new Agent({ connect: { timeout: connect }, headersTimeout: headers, bodyTimeout: body });
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  /** A call whose answer is JSON. @throws a `Provider*` error. */
  json(call: Call): Promise<unknown> {
    return this.#attempt(call, async () => {
      const answer = await this.#send(call);
      return parseAnswer(call, await readText(call, answer));
    });
  }

  /** A call whose answer streams; its status is a success. @throws a `Provider*` error. */
  stream(call: Call): Promise<Answer> {
    return this.#attempt(call, () => this.#send(call));
  }

  /** One realtime call, and whatever was answered. @throws ProviderUnavailable when there is no whole answer. */
  async answer(path: string, body: string): Promise<DirectAnswer> {
    const headers = { 'content-type': 'application/json' };
    const call: Call = { action: `call ${path}`, method: 'POST', path, headers, body, repeatable: false };
    try {
      const answer = await this.#request(call, REALTIME_MS);
      return {
        status: answer.statusCode,
        headers: Object.fromEntries(
          Object.entries(answer.headers).flatMap(([name, value]) =>
            typeof value === 'string' ? [[name.toLowerCase(), value] as const] : [],
          ),
        ),
        body: jsonLineOf(call, answer.statusCode, await readText(call, answer)),
      };
    } catch (error) {
      throw asProviderError(call, error);
    }
  }

  /** A call that is answered with where to go on. @throws a `Provider*` error. */
  async redirect(call: Call): Promise<{ readonly location: string; readonly headers: Answer['headers'] }> {
    return this.#attempt(call, async () => {
      const answer = await this.#request(call);
      await readText(call, answer);
      const { location } = answer.headers;
      if (answer.statusCode < 300 || answer.statusCode >= 400 || typeof location !== 'string')
        throw new ProviderUnavailable(`${call.action}: the answer does not say where to send it.`);
      return { location: new URL(location, this.#options.baseUrl).href, headers: answer.headers };
    });
  }

  /** Sends a file to an address that needs no key. @throws a `Provider*` error. */
  async put(action: string, url: string, body: AsyncIterable<Uint8Array>, bytes: number): Promise<void> {
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(bytes) };
    const call: Call = { action, method: 'POST', path: '', repeatable: false };
    await this.#attempt(call, async () => {
      const answer = await this.#accept(
        call,
        await request(this.#agent, url, { method: 'PUT', headers, body }),
      );
      await readText(call, answer);
    });
  }

  async #attempt<T>(call: Call, once: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once();
      } catch (error) {
        const waitMs = this.#waitBeforeRepeat(call, asProviderError(call, error), attempt);
        if (waitMs === undefined) throw asProviderError(call, error);
        await this.#options.wait(waitMs);
      }
    }
  }

  #waitBeforeRepeat({ repeatable }: Call, error: Error, attempt: number): number | undefined {
    const passing = error instanceof ProviderUnavailable || error instanceof ProviderThrottled;
    if (!repeatable || !passing || attempt >= MAX_ATTEMPTS) return undefined;
    const asked = retryAfterOf(error) ?? backoffMs(attempt, this.#options.random());
    return asked > MAX_WAIT_MS ? undefined : asked;
  }

  async #send(call: Call): Promise<Answer> {
    return this.#accept(call, await this.#request(call));
  }

  async #request(call: Call, longestMs?: number): Promise<Answer> {
    const { baseUrl, apiKey, dialect, headers } = this.#options;
    return request(this.#agent, `${baseUrl}${call.path}`, {
      method: call.method,
      // Without this any coding would do, and a compressed file has no lines.
      headers: {
        'accept-encoding': 'identity',
        ...headers,
        ...call.headers,
        ...authorize(dialect.auth, await apiKey()),
      },
      body: call.body ?? null,
      longestMs,
    });
  }

  /** @throws the named error of an answer that is no success */
  async #accept(call: Call, answer: Answer): Promise<Answer> {
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
    const body = await readText(call, answer).catch(() => '');
    const { codes } = this.#options.dialect;
    const error = classifyError({ action: call.action, status: answer.statusCode, body }, codes);
    rememberRetryAfter(error, answer);
    throw error;
  }
}

export function get(action: string, path: string): Call {
  return { action, method: 'GET', path, repeatable: true };
}

/**
 * An answer's body as it streams in.
 * @throws ProviderUnavailable when fewer bytes arrive than were promised, or compressed ones
 */
export async function* streamBody(http: Http, call: Call): AsyncGenerator<Buffer> {
  const { headers, body } = await http.stream(call);
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding !== 'identity') {
    body.on('error', () => undefined).destroy();
    throw new ProviderUnavailable(`${call.action}: it came in the coding "${bounded(String(coding))}".`);
  }
  const promised = Number(headers['content-length'] ?? Number.NaN);
  let received = 0;
  try {
    for await (const chunk of body) {
      received += (chunk as Buffer).byteLength;
      yield chunk as Buffer;
    }
  } catch (error) {
    throw asProviderError(call, error);
  }
  if (!Number.isNaN(promised) && received !== promised) {
    throw new ProviderUnavailable(`${call.action}: ${received} of ${promised} bytes arrived.`);
  }
}

function authorize(auth: Dialect['auth'], apiKey: string): Record<string, string> {
  return auth === 'Authorization: Bearer' ? { authorization: `Bearer ${apiKey}` } : { [auth]: apiKey };
}

async function readText({ action }: Call, { body }: Answer): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += (chunk as Buffer).byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw new ProviderUnavailable(`${action}: the answer does not end.`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseAnswer({ action }: Call, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProviderUnavailable(`${action}: the answer is no JSON (${text.length} characters).`, {
      cause: error,
    });
  }
}

/** Errors come as anything; an answer is JSON. Inside a JSON string no line ends. */
function jsonLineOf(call: Call, status: number, text: string): string {
  if (tryReadAnswer(text) !== undefined) return text.replaceAll(/[\r\n]+/g, ' ');
  // A success that is no JSON was cut off.
  if (status >= 200 && status < 300) parseAnswer(call, text);
  return JSON.stringify(text);
}

const retryAfters = new WeakMap<Error, number>();

const retryAfterOf = (error: Error): number | undefined => retryAfters.get(error);

function rememberRetryAfter(error: Error, { headers }: Answer): void {
  const header = headers['retry-after'];
  const waitMs = parseRetryAfter(typeof header === 'string' ? header : undefined, Date.now());
  if (waitMs !== undefined) retryAfters.set(error, waitMs);
}

/** Whatever broke between us and the provider is an outage; our own named errors stay what they are. */
export function asProviderError({ action }: Pick<Call, 'action'>, error: unknown): Error {
  if (error instanceof Error && /^(Provider|Store|Invalid)/.test(error.name)) return error;
  const reason = error instanceof errors.UndiciError ? error.code : codeOf(error);
  return new ProviderUnavailable(`${action}: no answer (${reason}).`, { cause: error });
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  return error instanceof Error ? error.name : 'unknown';
}
