import { classifyLine, type RowCodes } from '../collect/lines/classify-line.ts';
import type { ProviderEdges } from '../edges.ts';
import { askedIn, mayList, ONE_INPUT } from '../endpoints/asked.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { endpointAt } from '../endpoints/endpoints.ts';
import { ProviderUnavailable } from '../errors.ts';
import type { BatchProvider, DirectAnswer } from '../provider/batch-provider.ts';
import { MAX_WAIT_MS } from '../provider/retry-after.ts';
import { asWire } from '../provider/wire.ts';
import { readAnswer } from '../jsonl/answer-json.ts';
import { answerLine, type Answers } from './answers.ts';
import {
  afterAnswer,
  afterStart,
  FIRST_CALL,
  MAX_CONCURRENCY,
  mayStart,
  waitBeforeCall,
  type RateLimit,
} from './rate-limit.ts';

/** A row on its way to the realtime endpoint. */
export interface DirectRow {
  readonly customId: string;
  readonly body: string;
}

export interface Sending {
  readonly endpoint: string;
  readonly provider: BatchProvider;
  readonly codes: RowCodes;
  readonly answers: Answers;
  /** Milliseconds since 1970: no call is started after this. */
  readonly until: number;
  /** Asked before each call. */
  readonly isStopped: () => Promise<boolean>;
}

export interface Sent {
  readonly answered: number;
  /** `all`: no row is left; `halted`: the account was denied; `stopped`: the job; `later`: there is more. */
  readonly end: 'all' | 'halted' | 'stopped' | 'later';
  /** With `later`: what the provider asks to wait first. */
  readonly waitMs: number;
}

/** Calls for one row in one pass that get no answer, or one that another call may better. A limit that is hit is none. */
const MAX_ATTEMPTS = 4;

/** Rows that are held for another call before a new one is begun: the longest list, and so the memory. */
const MAX_HELD = MAX_CONCURRENCY;

/** Sends rows one by one, as many at once as the provider takes, and keeps every answer. */
export async function sendRows(
  edges: Pick<ProviderEdges, 'clock' | 'random' | 'wait'>,
  rows: AsyncIterator<DirectRow>,
  sending: Sending,
): Promise<Sent> {
  const sender = new Sender(edges, rows, sending);
  try {
    return await sender.run();
  } finally {
    // What is on its way is paid for.
    await sender.settle();
  }
}

interface Attempt {
  readonly row: DirectRow;
  /** From 1. */
  readonly nth: number;
}

class Sender {
  readonly #edges: Pick<ProviderEdges, 'clock' | 'random' | 'wait'>;
  readonly #rows: AsyncIterator<DirectRow>;
  readonly #sending: Sending;
  readonly #endpoint: Endpoint;
  readonly #again: Attempt[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  #rate: RateLimit = FIRST_CALL;
  #answered = 0;
  #halted = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(
    edges: Pick<ProviderEdges, 'clock' | 'random' | 'wait'>,
    rows: AsyncIterator<DirectRow>,
    sending: Sending,
  ) {
    this.#edges = edges;
    this.#rows = rows;
    this.#sending = sending;
    this.#endpoint = endpointAt(sending.endpoint);
  }

  async run(): Promise<Sent> {
    const { clock, wait } = this.#edges;
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#halted) return this.#ended('halted');
      if (clock.now() >= this.#sending.until) return this.#ended('later');
      if (mayStart(this.#rate, this.#inFlight.size, clock.now()) > 0) {
        if (await this.#sending.isStopped()) return this.#ended('stopped');
        const next = await this.#next();
        if (next !== undefined) {
          this.#start(next);
          continue;
        }
      }
      if (this.#inFlight.size > 0) {
        await Promise.race(this.#inFlight);
        continue;
      }
      // When no row is left there is nothing to wait for.
      const held = await this.#next();
      if (held === undefined) return this.#ended('all');
      this.#again.unshift(held);
      const waitMs = waitBeforeCall(this.#rate, clock.now());
      // A Lambda that sleeps is paid for; the machine waits at no cost.
      if (waitMs > MAX_WAIT_MS) return this.#ended('later', waitMs);
      await wait(waitMs);
    }
  }

  async settle(): Promise<void> {
    await Promise.all(this.#inFlight);
  }

  async #ended(end: Sent['end'], waitMs = 0): Promise<Sent> {
    await this.settle();
    if (this.#failure !== undefined) throw this.#failure.error;
    return { answered: this.#answered, end: this.#halted ? 'halted' : end, waitMs };
  }

  async #next(): Promise<Attempt | undefined> {
    // A row that the provider will not take now must not keep the others waiting.
    if (this.#again.length < MAX_HELD) {
      const next = await this.#rows.next();
      if (next.done !== true) return { row: next.value, nth: 1 };
    }
    return this.#again.shift();
  }

  #start(attempt: Attempt): void {
    this.#rate = afterStart(this.#rate);
    const call = this.#call(attempt)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#inFlight.delete(call));
    this.#inFlight.add(call);
  }

  async #call({ row, nth }: Attempt): Promise<void> {
    const { provider, endpoint, codes, answers } = this.#sending;
    const answer = await send(provider, endpoint, row.body);
    const line = answerLine(row.customId, answer);
    const asked = mayList(row.body, this.#endpoint)
      ? askedIn(asWire(JSON.parse(row.body)) ?? {}, this.#endpoint)
      : ONE_INPUT;
    const rules = { endpoint: this.#endpoint, codes };
    const verdict = classifyLine(asWire(readAnswer(line)) ?? {}, rules, asked);
    const { kind } = verdict;
    // A gateway may put its limit into the body of a success. An answer that is empty asks for no other pace.
    const status = verdict.kind === 'ok' ? answer.status : verdict.status;
    const isSuccess = status >= 200 && status < 300;
    const { clock, random } = this.#edges;
    this.#rate = afterAnswer(
      this.#rate,
      { refused: kind === 'retriable' && !isSuccess, headers: answer.headers },
      { inFlight: this.#inFlight.size - 1, now: clock.now(), random: random() },
    );
    const isLimited = kind === 'retriable' && status === 429;
    if (isLimited || (kind === 'retriable' && nth < MAX_ATTEMPTS)) {
      this.#again.push({ row, nth: isLimited ? nth : nth + 1 });
      return;
    }
    if (kind === 'halting') this.#halted = true;
    await answers.add(line);
    this.#answered += 1;
  }
}

/** No answer is one like any other: status 0. */
async function send(provider: BatchProvider, endpoint: string, body: string): Promise<DirectAnswer> {
  try {
    return await provider.send(endpoint, body);
  } catch (error) {
    if (!(error instanceof ProviderUnavailable)) throw error;
    return {
      status: 0,
      headers: {},
      body: JSON.stringify({ error: { code: 'NO_ANSWER', message: error.message } }),
    };
  }
}
