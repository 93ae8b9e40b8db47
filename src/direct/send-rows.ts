import { classifyLine, type RowCodes } from '../collect/classify-line.ts';
import type { ProviderEdges } from '../edges.ts';
import { ProviderUnavailable } from '../errors.ts';
import type { BatchProvider, DirectAnswer } from '../provider/batch-provider.ts';
import { MAX_WAIT_MS } from '../provider/retry-after.ts';
import { jsonLine } from '../rows/json-line.ts';
import type { Answers } from './answers.ts';
import {
  afterAnswer,
  afterStart,
  FIRST_CALL,
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

/** Calls for one row in one pass: what a passing fault or a limit may take. */
const MAX_ATTEMPTS = 8;

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
  readonly #again: Attempt[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  #rate: RateLimit = FIRST_CALL;
  #answered = 0;
  #halted = false;

  constructor(
    edges: Pick<ProviderEdges, 'clock' | 'random' | 'wait'>,
    rows: AsyncIterator<DirectRow>,
    sending: Sending,
  ) {
    this.#edges = edges;
    this.#rows = rows;
    this.#sending = sending;
  }

  async run(): Promise<Sent> {
    const { clock, wait } = this.#edges;
    for (;;) {
      if (this.#halted) return this.#ended('halted');
      if (clock.now() >= this.#sending.until) return this.#ended('later');
      if (mayStart(this.#rate, this.#inFlight.size, clock.now()) > 0) {
        if (await this.#sending.isStopped()) return this.#ended('stopped');
        const next = await this.#next();
        if (next !== undefined) {
          this.#start(next);
          continue;
        }
        if (this.#inFlight.size === 0) return this.#ended('all');
      }
      if (this.#inFlight.size > 0) {
        await Promise.race(this.#inFlight);
        continue;
      }
      const waitMs = waitBeforeCall(this.#rate, clock.now());
      // A Lambda that sleeps is paid for; the machine waits at no cost.
      if (waitMs > MAX_WAIT_MS) return this.#ended('later', waitMs);
      await wait(waitMs);
    }
  }

  async settle(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
  }

  async #ended(end: Sent['end'], waitMs = 0): Promise<Sent> {
    await Promise.all(this.#inFlight);
    return { answered: this.#answered, end: this.#halted ? 'halted' : end, waitMs };
  }

  async #next(): Promise<Attempt | undefined> {
    const again = this.#again.shift();
    if (again !== undefined) return again;
    const next = await this.#rows.next();
    return next.done === true ? undefined : { row: next.value, nth: 1 };
  }

  #start(attempt: Attempt): void {
    this.#rate = afterStart(this.#rate);
    const call = this.#call(attempt).finally(() => this.#inFlight.delete(call));
    // Seen by whoever waits for the calls in flight; until then it is no unhandled rejection.
    call.catch(() => undefined);
    this.#inFlight.add(call);
  }

  async #call({ row, nth }: Attempt): Promise<void> {
    const { provider, endpoint, codes, answers } = this.#sending;
    const answer = await send(provider, endpoint, row.body);
    const line = outputLine(row.customId, answer);
    const { kind } = classifyLine(line, codes);
    const { clock, random } = this.#edges;
    this.#rate = afterAnswer(
      this.#rate,
      { refused: kind === 'retriable', headers: answer.headers },
      { inFlight: this.#inFlight.size - 1, now: clock.now(), random: random() },
    );
    if (kind === 'retriable' && nth < MAX_ATTEMPTS) {
      this.#again.push({ row, nth: nth + 1 });
      return;
    }
    if (kind === 'halting') this.#halted = true;
    await answers.add(jsonLine(line));
    this.#answered += 1;
  }
}

/** No answer is one like any other: status 0. */
async function send(provider: BatchProvider, endpoint: string, body: string): Promise<DirectAnswer> {
  try {
    return await provider.send(endpoint, body);
  } catch (error) {
    if (!(error instanceof ProviderUnavailable)) throw error;
    return { status: 0, headers: {}, body: { error: { code: 'NO_ANSWER', message: error.message } } };
  }
}

/** As a provider writes it into a batch's output. */
function outputLine(customId: string, { status, body }: DirectAnswer): Record<string, unknown> {
  return { custom_id: customId, response: { status_code: status, body }, error: null };
}
