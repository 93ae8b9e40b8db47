import type { Failure } from '../errors.ts';
import type { NotOkLine, Usage } from '../job.ts';
import { escapeLineSeparators } from '../rows/request-line.ts';
import type { ObjectWriter } from '../store/object-store.ts';
import type { Verdict } from './classify-line.ts';
import { decideRow, type Fate, type RoundFacts } from './decide-row.ts';
import { renderResult } from './render-result.ts';
import type { RoundIndex } from './round-index.ts';
import { addUsage, NO_USAGE, usageOf } from './usage.ts';

/** A request line, parsed. */
export interface RequestLine {
  readonly custom_id: string;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface RoundWriters {
  readonly results: ObjectWriter;
  readonly deadLetters: ObjectWriter;
  readonly nextRequests: ObjectWriter;
}

export interface RoundTotals extends Record<Fate, number> {
  usage: Usage;
}

export interface WriteRound {
  readonly index: RoundIndex;
  readonly facts: RoundFacts;
  readonly endpoint: string;
  readonly resultShape: 'compact' | 'body';
  /** What rows are told that no result line tells about. */
  readonly missingError: Pick<Failure, 'code' | 'message'>;
}

/**
 * Writes one round in request order: a line per request in both files, empty where the row goes to the next round, whose
 * request line is then copied as it is.
 */
export class RoundWriter {
  readonly #round: WriteRound;
  readonly #writers: RoundWriters;
  readonly totals: RoundTotals = { ok: 0, failed: 0, exhausted: 0, deferred: 0, usage: NO_USAGE };

  constructor(round: WriteRound, writers: RoundWriters) {
    this.#round = round;
    this.#writers = writers;
  }

  /** @param requestBytes the request line as it was sent, without its newline */
  async write(ordinal: number, requestBytes: Buffer): Promise<void> {
    const { index, facts } = this.#round;
    const verdict = index.verdict(ordinal);
    const fate = decideRow(verdict?.kind, ordinal, facts);
    this.totals[fate] += 1;
    if (fate === 'deferred') await this.#defer(requestBytes);
    else await this.#settle(parseRequest(requestBytes), verdict, fate, ordinal);
  }

  async #defer(requestBytes: Buffer): Promise<void> {
    await this.#writers.results.write('\n');
    await this.#writers.deadLetters.write('\n');
    await this.#writers.nextRequests.write(requestBytes);
    await this.#writers.nextRequests.write('\n');
  }

  async #settle(
    request: RequestLine,
    verdict: Verdict | undefined,
    fate: Exclude<Fate, 'deferred'>,
    ordinal: number,
  ): Promise<void> {
    if (verdict?.kind === 'ok') {
      this.totals.usage = addUsage(this.totals.usage, usageOf(verdict.body));
      await this.#writers.results.write(this.#answer(request, verdict.body));
      await this.#writers.deadLetters.write('\n');
      return;
    }
    const error = verdict ?? this.#round.facts.namedLines.get(ordinal) ?? this.#round.missingError;
    const retry = fate === 'exhausted';
    const line = notOk(request.custom_id, retry ? 'exhausted' : 'failed', error, this.#round.facts.round);
    await this.#writers.results.write(jsonLine(line));
    await this.#writers.deadLetters.write(deadLetter(request, line));
  }

  #answer({ custom_id, body: { input } }: RequestLine, body: unknown): string {
    const { facts, endpoint, resultShape } = this.#round;
    const answer = { customId: custom_id, body, round: facts.round, endpoint, resultShape };
    return jsonLine(renderResult({ ...answer, manyInputs: Array.isArray(input) }));
  }
}

export function parseRequest(bytes: Buffer): RequestLine {
  return JSON.parse(bytes.toString('utf8')) as RequestLine;
}

export function notOk(
  custom_id: string,
  outcome: 'failed' | 'exhausted',
  { code, message }: Pick<Failure, 'code' | 'message'>,
  round: number,
): NotOkLine {
  return { custom_id, ok: false, outcome, error: { code, message }, retry: outcome === 'exhausted', round };
}

/** The row with its request and its last error: a valid input row. */
export function deadLetter(
  { custom_id, body }: RequestLine,
  { outcome, error, retry, round }: NotOkLine,
): string {
  return jsonLine({ custom_id, body, outcome, error, retry, round });
}

export function jsonLine(value: object): string {
  return `${escapeLineSeparators(JSON.stringify(value))}\n`;
}
