import { InFlight } from '../concurrency/in-flight.ts';
import { deniedBy, whoseDenial } from '../collect/lines/whose-denial.ts';
import type { ProviderEdges } from '../edges.ts';
import type { Failure } from '../errors.ts';
import type { DirectAnswer } from '../provider/batch-provider.ts';
import { MAX_WAIT_MS, parseRetryAfter } from '../provider/http/retry-after.ts';
import type { Answers } from './answers.ts';
import { callRow, type Calling } from './call-row.ts';
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

export interface Sending extends Calling {
  readonly answers: Answers;
  /** True if an earlier pass got answers. */
  readonly hasAnswers: boolean;
  /** Milliseconds since 1970; no call starts after this. */
  readonly until: number;
  /** Called before each call. */
  readonly isStopped: () => Promise<boolean>;
}

type SendingEdges = Pick<ProviderEdges, 'clock' | 'random' | 'wait' | 'signal' | 'halted'>;

export interface Sent {
  readonly answered: number;
  /**
   * `all`: no row is left; `halted`: the account was denied; `stopped`: the job was stopped; `later`: rows are left for another
   * pass.
   */
  readonly end: 'all' | 'halted' | 'stopped' | 'later';
  /** With `later`: how long the provider asks to wait first. */
  readonly waitMs: number;
  /** With `later`: the last rejections of the rows that are left. */
  readonly rejected?: readonly string[];
  /** With `halted`: the denial. */
  readonly denied?: Failure | undefined;
}

/** Attempts per row and pass. A 429 does not count as an attempt. */
const MAX_ATTEMPTS = 4;

/** While no row is accepted: number of new rows that are tried before the first row is tried again. */
const MAX_PROBED = 24;

/** Sends rows to the realtime endpoint, one call each, as many at once as the provider accepts, and stores every answer. */
export async function sendRows(
  edges: SendingEdges,
  rows: AsyncIterator<DirectRow>,
  sending: Sending,
): Promise<Sent> {
  const sender = new Sender(edges, rows, sending);
  try {
    return await sender.run();
  } finally {
    // Calls in flight are paid for, so they are awaited.
    await sender.settle();
    await rows.return?.();
  }
}

class Sender {
  readonly #edges: SendingEdges;
  readonly #rows: AsyncIterator<DirectRow>;
  readonly #sending: Sending;
  readonly #held = new HeldRows();
  readonly #inFlight = new InFlight();
  #rate: RateLimit = FIRST_CALL;
  #recent: readonly RecentRow[] = [];
  /** Set if rows were left for the next pass without an answer, because too many rows were waiting. */
  #hasLeft = false;
  #isTurnOfHeld = false;
  #answered = 0;
  readonly #denials = new HeldDenials();
  /** Why the account was denied. */
  #denied: Failure | undefined;

  constructor(edges: SendingEdges, rows: AsyncIterator<DirectRow>, sending: Sending) {
    this.#edges = edges;
    this.#rows = rows;
    this.#sending = sending;
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
      if ((await this.#nextDue()) !== undefined) await this.#giveUpLate();
      // Undefined when no row is left: then there is nothing to wait for.
      const due = this.#held.nextDue;
      if (due === undefined) return this.#ended(this.#hasLeft ? 'later' : 'all');
      const waitMs = Math.max(waitBeforeCall(this.#rate, clock.now()), due - clock.now());
      // A sleeping Lambda costs money; the state machine waits for free.
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
   * Alternates between rejected and new rows, so that neither group delays the other. While no row is accepted, new rows come
   * first: an accepted one shows that the rejected rows themselves are the cause.
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

  /** Ends rows for which the provider asks for too long a wait, unless all rows must wait as long. */
  async #giveUpLate(): Promise<void> {
    const now = this.#edges.clock.now();
    if (waitBeforeCall(this.#rate, now) > ROW_PATIENCE_MS) return;
    await this.#keep(this.#held.giveUp(now + ROW_PATIENCE_MS));
  }

  /** When the next row may be sent; undefined if there is none. */
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
    const called = await callRow(this.#sending, attempt.row);
    const { line, verdict, isTaken } = called;
    this.#recent = remember(this.#recent, { customId: attempt.row.customId, isTaken });
    if (isTaken) this.#pace(called.answer, false, false);
    if (verdict.kind === 'retriable' && this.#rejected(attempt, { ...called, verdict })) return;
    const whose = verdict.kind === 'halting' ? whoseDenial(verdict, this.#sending.codes) : 'row';
    if (verdict.kind === 'halting' && whose === 'unclear') {
      this.#denied ??= this.#denials.add(line, deniedBy(verdict));
      return;
    }
    if (verdict.kind === 'halting' && whose === 'account') this.#denied ??= deniedBy(verdict);
    // Any other answer shows that the account is accepted. A call without an answer shows nothing about the account.
    else if (isTaken) await this.#keep(this.#denials.take());
    await this.#keep([line]);
  }

  async #keep(lines: readonly string[]): Promise<void> {
    this.#answered += lines.length;
    await Promise.all(lines.map((line) => this.#sending.answers.add(line)));
  }

  /**
   * Decides about denied rows when no row is left. If any row was answered in another way, the denials concerned their own rows;
   * otherwise the account is denied.
   */
  async #settleDenials(): Promise<void> {
    if (this.#answered > 0 || this.#sending.hasAnswers) await this.#keep(this.#denials.take());
    else this.#denied ??= this.#denials.failure;
  }

  /**
   * Handles a call that was rejected, or whose answer is unusable.
   * @returns true if the row is sent again, in this pass or the next
   */
  #rejected(attempt: Attempt, rejected: Rejection): boolean {
    const { answer, isTaken, isLimit } = rejected;
    const isOwn = isTaken || (attempt.isOwnFault && !isLimit);
    const whose = isOwn ? 'row' : whoseRejection(this.#recent, isLimit);
    const { clock, random } = this.#edges;
    const now = clock.now();
    const askedMs = parseRetryAfter(answer.headers['retry-after'], now);
    const isShared = isEverybodysWait(this.#recent, askedMs);
    if (!isTaken) this.#pace(isShared ? answer : withoutRetryAfter(answer), whose, isLimit);
    if (!isLimit && attempt.nth >= MAX_ATTEMPTS) return false;
    const rejections = attempt.rejections + 1;
    // The provider accepts no row, so all rows wait, and any of them may be sent first.
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
