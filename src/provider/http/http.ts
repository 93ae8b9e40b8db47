import { bounded, ProviderRejected, ProviderUnavailable } from '../../errors.ts';
import { addressBelow, addressProblem } from './addresses.ts';
import type { DirectAnswer } from '../batch-provider.ts';
import { asProviderError, rememberRetryAfter } from './call-errors.ts';
import { jsonLineOf, parseAnswer, readAnswerText, type Call } from './call.ts';
import { classifyError, type BadAnswer } from '../errors/classify-error.ts';
import type { Dialect } from '../dialects/schema.ts';
import { repeatCall } from './repeat-call.ts';
import { backoffMs } from './retry-after.ts';
import { SentSecrets } from '../secrets/sent-secrets.ts';
import type { HttpOptions } from './http-options.ts';
import { discard, followRedirects, followWithin, movedError, redirectOf } from './redirects.ts';
import { Agent, request, type Answer } from './undici.ts';
import { noteUnexplained } from '../errors/unexplained-rejections.ts';

/**
 * Total time of a realtime call, in milliseconds. It is long because the model finishes its answer first. A step starts no call
 * that may not end within its Lambda's 15 minutes.
 */
export const REALTIME_MS = 240_000;

/** Sends calls with the key, converts error answers to named errors, and repeats what is safe to repeat. */
export class Http {
  readonly #options: HttpOptions;
  readonly #agent: Agent;
  readonly #secrets = new SentSecrets();

  constructor(options: HttpOptions) {
    this.#options = options;
    const { connect, headers, body } = options.timeouts;
    this.#agent = new Agent({ connect: { timeout: connect }, headersTimeout: headers, bodyTimeout: body });
  }

  /** Total time of a call that transfers no file, in milliseconds. */
  get totalMs(): number {
    return this.#options.timeouts.total;
  }

  /** True if no caller waits for the call any more. */
  isGivenUp({ signal }: Call): boolean {
    return this.#options.signal?.aborted === true || signal?.aborted === true;
  }

  close(): Promise<void> {
    return this.#agent.close();
  }

  /** Waits before the given attempt, counted from 1, is repeated. */
  pause(attempt: number): Promise<void> {
    return this.#options.wait(backoffMs(attempt, this.#options.random()));
  }

  /** Makes a call whose answer is JSON. @throws a `Provider*` error. */
  json(call: Call): Promise<unknown> {
    return this.#repeat(call, async (leftMs) => {
      const answer = await this.#accept(call, await this.#answered(call, { leftMs }));
      return parseAnswer(call, await this.#readText(call, answer));
    });
  }

  /**
   * Starts the download of a file's content, without a limit of its total time. Follows redirects, to a store without the key and
   * the configuration's headers. Returns only successes.
   * @throws a `Provider*` error. A 401 or 403 concerns the file, not the account: the batch was just read with the same key.
   */
  content(call: Call): Promise<Answer> {
    return this.#repeat(call, async () => {
      const { baseUrl } = this.#options;
      const first = await this.#request(call);
      if (redirectOf(first) === undefined) return this.#accept(call, first, 'file');
      const headers = { 'accept-encoding': 'identity', ...call.headers };
      const { origin } = new URL(baseUrl);
      const ask = (url: URL): Promise<Answer> =>
        url.origin === origin
          ? this.#request(call, {}, url)
          : request(this.#agent, url, {
              method: 'GET',
              headers,
              body: null,
              signal: this.#endsAfter(undefined, call.signal),
            });
      return followRedirects({ action: call.action, baseUrl, from: urlOf(baseUrl, call) }, first, ask);
    });
  }

  /**
   * The answer to a call. Follows redirects of calls that only read, within the provider's origin.
   * @throws ProviderMoved for all other redirects
   */
  async #answered(call: Call, limits: CallLimits): Promise<Answer> {
    const from = urlOf(this.#options.baseUrl, call);
    const first = await this.#request(call, limits);
    const { answer, at } =
      call.method === 'GET'
        ? await followWithin(from, first, (url) => this.#request(call, limits, url))
        : { answer: first, at: from };
    if (redirectOf(answer) === undefined) return answer;
    discard(answer);
    throw movedError(call.action, at, answer);
  }

  /** A file without the secrets that were sent. */
  scrubbed(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    return this.#secrets.scrubFile(chunks);
  }

  /**
   * Makes one realtime call and returns any answer.
   * @param endpoint the endpoint's name in the job
   * @param path its path below the base URL
   * @throws ProviderUnavailable when there is no complete answer
   * @throws ProviderMoved when the endpoint redirects to another address
   * @throws ProviderRejected when rows may not be sent to the endpoint
   */
  async answer(endpoint: string, path: string, body: string): Promise<DirectAnswer> {
    this.#rejectUnlisted(endpoint);
    const headers = { 'content-type': 'application/json' };
    const call: Call = { action: `call ${path}`, method: 'POST', path, headers, body, repeatable: false };
    try {
      const answer = await this.#answered(call, { leftMs: REALTIME_MS, silentMs: REALTIME_MS });
      return {
        status: answer.statusCode,
        headers: Object.fromEntries(
          Object.entries(answer.headers).flatMap(([name, value]) =>
            typeof value === 'string' ? [[name.toLowerCase(), this.#secrets.scrub(value)] as const] : [],
          ),
        ),
        body: jsonLineOf(call, answer.statusCode, await this.#readText(call, answer)),
      };
    } catch (error) {
      throw asProviderError(call, error);
    }
  }

  /** Makes a call whose answer redirects to another URL. @throws a `Provider*` error. */
  async redirect(call: Call): Promise<{ readonly location: string; readonly headers: Answer['headers'] }> {
    return this.#repeat(call, async (leftMs) => {
      const answer = await this.#request(call, { leftMs });
      await this.#readText(call, answer);
      const { location } = answer.headers;
      if (answer.statusCode < 300 || answer.statusCode >= 400 || typeof location !== 'string')
        throw new ProviderUnavailable(`${call.action}: the answer has no URL to send it to.`);
      return { location: this.#locationOf(call, location), headers: answer.headers };
    });
  }

  /**
   * The URL to which an answer redirects.
   * @throws ProviderRejected for a URL that rows must not be sent to: plain http, unless the provider itself uses it
   */
  #locationOf({ action }: Call, location: string): string {
    const { baseUrl } = this.#options;
    const { href } = new URL(location, baseUrl);
    const problem = addressProblem(href, baseUrl.startsWith('http:'));
    if (problem === undefined) return href;
    throw new ProviderRejected(`${action}: the address that the provider answered with ${problem}.`);
  }

  /** Uploads a file to a URL that needs no key. @throws a `Provider*` error. */
  async put(action: string, url: string, body: AsyncIterable<Uint8Array>, bytes: number): Promise<void> {
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(bytes) };
    const call: Call = { action, method: 'POST', path: '', headers, repeatable: false };
    await this.#repeat(call, async (leftMs) => {
      const signal = this.#endsAfter(leftMs);
      const answer = await request(this.#agent, new URL(url), { method: 'PUT', headers, body, signal });
      await this.#readText(call, await this.#accept(call, answer));
    });
  }

  #rejectUnlisted(endpoint: string): void {
    const { endpoints } = this.#options;
    if (endpoints === undefined || endpoints.includes(endpoint)) return;
    throw new ProviderRejected(
      `call ${bounded(endpoint)}: rows are not sent direct to this endpoint. Name it in a profile or under dialects in nightshift.config.ts.`,
    );
  }

  #repeat<T>(call: Call, once: (leftMs: number) => Promise<T>): Promise<T> {
    return repeatCall(call, once, { ...this.#options, isGivenUp: () => this.isGivenUp(call) });
  }

  /** An answer's text, without the secrets that the call sent. */
  async #readText(call: Call, answer: Answer): Promise<string> {
    return this.#secrets.scrub(await readAnswerText(call, answer));
  }

  /** @param url another URL of the provider's origin, to which it redirects the call */
  async #request(call: Call, { leftMs, silentMs }: CallLimits = {}, url?: URL): Promise<Answer> {
    const { baseUrl, apiKey, dialect, headers, ownHeaders } = this.#options;
    const key = this.#secrets.add(await apiKey());
    const own = (await ownHeaders?.()) ?? [];
    return request(this.#agent, url ?? urlOf(baseUrl, call), {
      method: call.method,
      // Otherwise the provider may choose any coding, and a compressed file cannot be read by lines.
      headers: {
        ...Object.fromEntries(
          own.map(({ name, value, isSecret }) => [
            name.toLowerCase(),
            isSecret ? this.#secrets.add(value) : value,
          ]),
        ),
        'accept-encoding': 'identity',
        ...headers,
        ...call.headers,
        ...authorize(dialect.auth, key),
      },
      body: call.body ?? null,
      silentMs,
      signal: this.#endsAfter(leftMs, call.signal),
    });
  }

  /**
   * A signal that ends a transfer which is too slow. A server that sends a byte now and then never reaches the timeout between
   * two pieces.
   */
  #endsAfter(leftMs: number | undefined, signal?: AbortSignal): AbortSignal {
    const timeout = leftMs === undefined ? undefined : AbortSignal.timeout(Math.ceil(leftMs));
    return AbortSignal.any([timeout, this.#options.signal, signal].filter((each) => each !== undefined));
  }

  /**
   * Returns an answer that is a success.
   * @throws the named error of an answer that is not a success
   */
  async #accept(call: Call, answer: Answer, concerns?: BadAnswer['concerns']): Promise<Answer> {
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
    const body = await this.#readText(call, answer).catch(() => '');
    const { codes } = this.#options.dialect;
    const error = classifyError({ action: call.action, status: answer.statusCode, body, concerns }, codes);
    rememberRetryAfter(error, answer);
    noteUnexplained(error, body);
    throw error;
  }
}

/** Milliseconds. Without `leftMs`, only the client's own signal ends the call. */
interface CallLimits {
  readonly leftMs?: number;
  readonly silentMs?: number;
}

/**
 * The URL of a call, below the base URL.
 * @throws ProviderRejected when the URL would leave the base URL, whoever chose its path or ids
 */
function urlOf(baseUrl: string, { action, path }: Call): URL {
  try {
    return addressBelow(baseUrl, path);
  } catch (error) {
    throw new ProviderRejected(`${action}: its path would leave the base URL; nothing was sent.`, {
      cause: error,
    });
  }
}

function authorize(auth: Dialect['auth'], apiKey: string): Record<string, string> {
  return auth === 'Authorization: Bearer' ? { authorization: `Bearer ${apiKey}` } : { [auth]: apiKey };
}
