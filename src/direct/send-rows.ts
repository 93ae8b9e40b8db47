import { InFlight } from '../in-flight.ts';
import { classifyLine, type RowCodes } from '../collect/lines/classify-line.ts';
import { deniedBy, whoseDenial } from '../collect/lines/whose-denial.ts';
import type { ProviderEdges } from '../edges.ts';
import { askedIn, mayList, ONE_INPUT } from '../endpoints/asked.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { endpointAt } from '../endpoints/endpoints.ts';
import { ProviderUnavailable, type Failure } from '../errors.ts';
import type { BatchProvider, DirectAnswer } from '../provider/batch-provider.ts';
import { MAX_WAIT_MS, parseRetryAfter } from '../provider/retry-after.ts';
import { asWire } from '../provider/wire.ts';
import { readAnswer } from '../jsonl/answer-json.ts';
import { answerLine, type Answers } from './answers.ts';
import {
  afterAnswer,
  afterOwnRejection,
  afterStart,
  FIRST_CALL,
  mayStart,
  waitBeforeCall,
  type RateLimit,
} from './rate-limit.ts';
import { HeldDenials } from './held-denials.ts';
import { HeldRows, type Attempt, type DirectRow } from './held-rows.ts';
import { rejectionLine, withoutRetryAfter, type Rejection } from './rejection.ts';
import {
  isEverybodysWait,
  remember,
  ROW_PATIENCE_MS,
  rowWaitMs,
  whoseRejection,
  type RecentRow,
} from './whose-rejection.ts';

export interface Sending {
  readonly endpoint: string;
  readonly provider: BatchProvider;
  readonly codes: RowCodes;
  readonly answers: Answers;
  /** An earlier pass got answers. */
  readonly hasAnswers: boolean;
  /** Milliseconds since 1970: no call is started after this. */
  readonly until: number;
  /** Asked before each call. */
  readonly isStopped: () => Promise<boolean>;
}

type SendingEdges = Pick<ProviderEdges, 'clock' | 'random' | 'wait' | 'signal' | 'halted'>;

export interface Sent {
  readonly answered: number;
  /** `all`: no row is left; `halted`: the account was denied; `stopped`: the job; `later`: there is more. */
  readonly end: 'all' | 'halted' | 'stopped' | 'later';
  /** With `later`: what the provider asks to wait first. */
  readonly waitMs: number;
  /** With `later`: what rows that are still to be sent were answered last. */
  readonly rejected?: readonly string[];
  /** With `halted`: by what. */
  readonly denied?: Failure | undefined;
}

/** Attempts per row and pass. A 429 does not count as an attempt. */
const MAX_ATTEMPTS = 4;

/** Rows that are tried while none is taken, before the first of them is tried again. */
const MAX_PROBED = 24;

/** Sends rows to the realtime endpoint, a call each, as many at once as the provider takes, and keeps every answer. */
export async function sendRows(
  edges: SendingEdges,
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

class Sender {
  readonly #edges: SendingEdges;
  readonly #rows: AsyncIterator<DirectRow>;
  readonly #sending: Sending;
  readonly #endpoint: Endpoint;
  readonly #held = new HeldRows();
  readonly #inFlight = new InFlight();
  #rate: RateLimit = FIRST_CALL;
  #recent: readonly RecentRow[] = [];
  /** Rows were let go unanswered, for the next pass: too many had to be held. */
  #hasLeft = false;
  #isTurnOfHeld = false;
  #answered = 0;
  readonly #denials = new HeldDenials();
  /** Why the account is denied. */
  #denied: Failure | undefined;

  constructor(edges: SendingEdges, rows: AsyncIterator<DirectRow>, sending: Sending) {
    this.#edges = edges;
    this.#rows = rows;
    this.#sending = sending;
    this.#endpoint = endpointAt(sending.endpoint);
  }

  async run(): Promise<Sent> {
    const { clock, wait, signal, halted } = this.#edges;
    for (;;) {
      this.#inFlight.throwFailure();
      if (this.#denied !== undefined) return this.#ended('halted');
      const isHalted = signal?.aborted === true || halted?.aborted === true;
      if (clock.now() >= this.#sending.until || isHalted) return this.#ended('later');
      if (mayStart(this.#rate, this.#inFlight.size, clock.now()) > 0) {
        if (await this.#sending.isStopped()) return this.#ended('stopped');
        const next = await this.#next();
        if (next !== undefined) {
          this.#start(next);
          continue;
        }
      }
      if (this.#inFlight.size > 0) {
        await this.#inFlight.next();
        continue;
      }
      // When no row is left there is nothing to wait for.
      if ((await this.#nextDue()) !== undefined) await this.#giveUpLate();
      const due = this.#held.nextDue;
      if (due === undefined) return this.#ended(this.#hasLeft ? 'later' : 'all');
      const waitMs = Math.max(waitBeforeCall(this.#rate, clock.now()), due - clock.now());
      // A Lambda that sleeps is paid for; the machine waits at no cost.
      if (waitMs > MAX_WAIT_MS) return this.#ended('later', waitMs);
      await wait(waitMs);
    }
  }

  async settle(): Promise<void> {
    await this.#inFlight.settle();
  }

  async #ended(end: Sent['end'], waitMs = 0): Promise<Sent> {
    await this.settle();
    this.#inFlight.throwFailure();
    if (end === 'all') await this.#settleDenials();
    const denied = this.#denied;
    if (denied !== undefined) return { answered: this.#answered, end: 'halted', waitMs, denied };
    const rejected = end === 'later' ? { rejected: this.#held.rejectionLines } : {};
    return { answered: this.#answered, end, waitMs, ...rejected };
  }

  /**
   * Rows that were rejected and new ones take turns, so that neither keeps the others waiting. While no row is taken, new ones come
   * first: one that is taken shows that the others are the cause.
   */
  async #next(): Promise<Attempt | undefined> {
    const now = this.#edges.clock.now();
    const isTaking = this.#recent.some(({ isTaken }) => isTaken);
    this.#isTurnOfHeld = !this.#isTurnOfHeld && (isTaking || this.#held.size >= MAX_PROBED);
    const held = this.#isTurnOfHeld ? this.#held.takeDue(now) : undefined;
    return held ?? (await this.#nextNew()) ?? this.#held.takeDue(now);
  }

  async #nextNew(): Promise<Attempt | undefined> {
    const next = await this.#rows.next();
    return next.done === true
      ? undefined
      : { row: next.value, nth: 1, rejections: 0, notBefore: 0, isOwnFault: false };
  }

  /** Rows that are to wait longer than a row is waited for end here, unless all rows wait as long. */
  async #giveUpLate(): Promise<void> {
    const now = this.#edges.clock.now();
    if (waitBeforeCall(this.#rate, now) > ROW_PATIENCE_MS) return;
    await this.#keep(this.#held.giveUp(now + ROW_PATIENCE_MS));
  }

  /** When the next row may be sent; undefined when there is none. */
  async #nextDue(): Promise<number | undefined> {
    const next = await this.#nextNew();
    if (next !== undefined) this.#held.add(next);
    return this.#held.nextDue;
  }

  #start(attempt: Attempt): void {
    this.#rate = afterStart(this.#rate);
    this.#inFlight.start(() => this.#call(attempt));
  }

  async #call(attempt: Attempt): Promise<void> {
    const { row } = attempt;
    const { provider, endpoint, codes } = this.#sending;
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
    const isTaken = kind !== 'retriable' || isSuccess;
    this.#recent = remember(this.#recent, { customId: row.customId, isTaken });
    if (isTaken) this.#pace(answer, false, false);
    const isLimit = status === 429;
    if (verdict.kind === 'retriable' && this.#rejected(attempt, answer, { line, verdict, isTaken, isLimit }))
      return;
    const whose = verdict.kind === 'halting' ? whoseDenial(verdict, codes) : 'row';
    if (verdict.kind === 'halting' && whose === 'unclear') {
      this.#denied ??= this.#denials.add(line, deniedBy(verdict));
      return;
    }
    if (verdict.kind === 'halting' && whose === 'account') this.#denied ??= deniedBy(verdict);
    // An answer of any other kind shows that the account is served; one that is none shows nothing.
    else if (isTaken) await this.#keep(this.#denials.take());
    await this.#keep([line]);
  }

  async #keep(lines: readonly string[]): Promise<void> {
    this.#answered += lines.length;
    await Promise.all(lines.map((line) => this.#sending.answers.add(line)));
  }

  /** No row is left: those that were denied failed by themselves where any other was answered, else the account is denied. */
  async #settleDenials(): Promise<void> {
    if (this.#answered > 0 || this.#sending.hasAnswers) await this.#keep(this.#denials.take());
    else this.#denied ??= this.#denials.failure;
  }

  /** @returns whether the row is sent again in this pass or the next one */
  #rejected(attempt: Attempt, answer: DirectAnswer, rejected: Rejection): boolean {
    const { isTaken, isLimit } = rejected;
    const isOwn = isTaken || (attempt.isOwnFault && !isLimit);
    const whose = isOwn ? 'row' : whoseRejection(this.#recent, isLimit);
    const { clock, random } = this.#edges;
    const now = clock.now();
    const askedMs = parseRetryAfter(answer.headers['retry-after'], now);
    const isShared = isEverybodysWait(this.#recent, askedMs);
    if (!isTaken) this.#pace(isShared ? answer : withoutRetryAfter(answer), whose, isLimit);
    if (!isLimit && attempt.nth >= MAX_ATTEMPTS) return false;
    const rejections = attempt.rejections + 1;
    // Everybody waits for a provider that takes nothing; the first row to be sent then may be any.
    const notBefore = whose === 'all' && isShared ? now : now + rowWaitMs(rejections, askedMs, random());
    const nth = isLimit ? attempt.nth : attempt.nth + 1;
    const isOwnFault = attempt.isOwnFault || (whose === 'row' && !isLimit);
    const rejection = rejectionLine(attempt.row, rejected, askedMs);
    const again = { ...attempt, nth, rejections, notBefore, isOwnFault, rejection };
    if (this.#held.hasRoomFor(again)) this.#held.add(again);
    else this.#hasLeft = true;
    return true;
  }

  #pace({ headers }: DirectAnswer, whose: false | ReturnType<typeof whoseRejection>, isLimit: boolean): void {
    const { clock, random } = this.#edges;
    const at = { inFlight: this.#inFlight.size - 1, now: clock.now(), random: random() };
    this.#rate =
      whose === 'row'
        ? afterOwnRejection(this.#rate, headers, at)
        : afterAnswer(this.#rate, { rejected: whose, headers, isFailure: !isLimit }, at);
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
