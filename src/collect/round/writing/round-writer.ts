import type { RoundEvidence } from '../evidence/read-round.ts';
import { takesFiles } from '../../lines/result-rules.ts';
import { readCustomId } from '../../../jsonl/custom-id.ts';
import type { Asked } from '../../../endpoints/endpoint.ts';
import type { NotOkLine, OkLine } from '../../../checkpoints/result-line.ts';
import { jsonLine, tryJsonLine } from '../../../jsonl/json-line.ts';
import type { WrittenFile, WrittenRows } from '../../../checkpoints/round/writing.ts';
import type { ObjectWriter } from '../../../store/object-store.ts';
import { endOf } from '../../lines/answer-end.ts';
import { checkOutput } from '../../lines/check-output.ts';
import type { Answered, Verdict } from '../../lines/classify-line.ts';
import type { CountedLine } from '../../lines/line-reader.ts';
import { ErrorTally } from '../../counts/error-counts.ts';
import { ModelTally } from '../../counts/model-usage.ts';
import { isPaid, usageOf } from '../../../spending/usage.ts';
import { decideInvalidOutput, decideRow, type Fate, type RoundDecision } from '../decision/decide-row.ts';
import { deadLetter, notOk } from './not-ok-lines.ts';
import type { LostRows } from '../decision/lost-rows.ts';
import { parseRequest, type RequestLine } from '../evidence/request-line.ts';
import { renderResult } from '../../lines/render-result.ts';
import type { ResultFiles } from './result-files.ts';

export type RoundWriters = Readonly<Record<WrittenFile, ObjectWriter>>;

/** Everything that a round is written from. */
export interface RoundSource {
  readonly evidence: Pick<RoundEvidence, 'index' | 'rules'>;
  readonly decision: RoundDecision;
  readonly lost: LostRows;
  readonly files: ResultFiles;
}

/**
 * Writes one round in request order: one line per request in both files. For a row that goes to the next round both lines are
 * empty, and its request line is copied unchanged.
 */
export class RoundWriter {
  readonly #source: RoundSource;
  readonly #writers: RoundWriters;
  readonly totals: Record<Fate, number> = { ok: 0, failed: 0, exhausted: 0, invalid_output: 0, deferred: 0 };
  readonly errors = new ErrorTally();
  /** Usage of the rows' answers. */
  readonly models = new ModelTally();
  /** Rows since the last dead letter; their empty lines are written together. */
  #withoutLetter = 0;

  /** @param before what an earlier call has written */
  constructor(source: RoundSource, writers: RoundWriters, before?: WrittenRows) {
    this.#source = source;
    this.#writers = writers;
    if (before === undefined) return;
    Object.assign(this.totals, before.totals);
    this.models.addAll(before.models);
    for (const error of before.errors) this.errors.add(error);
  }

  /**
   * Writes the next request. Returns a promise only if there is something to wait for.
   * @param requestBytes the request line as it was sent, with its newline
   */
  write(ordinal: number, requestBytes: Buffer): Promise<void> | undefined {
    const { index } = this.#source.evidence;
    const range = index.find(ordinal);
    const made = range && index.made(range);
    if (made !== undefined) return this.#writeCounted(made);
    const verdict = range && index.read(range, ordinal);
    if (verdict === undefined || !('render' in verdict))
      return this.#writeRead(ordinal, requestBytes, verdict);
    return this.#writeCounted(verdict.render());
  }

  #writeCounted(answer: CountedLine): Promise<void> | undefined {
    this.models.add(answer);
    return this.#writeAnswer(answer.line);
  }

  #writeAnswer(line: Buffer): Promise<void> | undefined {
    this.totals.ok += 1;
    this.#withoutLetter += 1;
    return this.#writers.results.write(line);
  }

  /** Closes the dead letters, after all files of answers are stored. */
  async end(): Promise<void> {
    await this.#flushLetters();
    await this.#source.files.settle();
  }

  async #flushLetters(): Promise<void> {
    if (this.#withoutLetter > 0) await this.#writers.deadLetters.write('\n'.repeat(this.#withoutLetter));
    this.#withoutLetter = 0;
  }

  async #writeRead(ordinal: number, requestBytes: Buffer, verdict: Verdict | undefined): Promise<void> {
    if (verdict?.kind === 'ok') return this.#writeAnswered(ordinal, requestBytes, verdict);
    // A body that is not an answer may still be paid for.
    if (verdict !== undefined && isPaid(usageOf(verdict.body)))
      this.models.addAnswer(verdict.body, undefined);
    const { decision, lost } = this.#source;
    const lostError = verdict === undefined ? lost.errorOf(ordinal) : undefined;
    const decided = decideRow(verdict?.kind, ordinal, decision);
    const asksAgain = decided === 'deferred' && lostError !== undefined;
    const isSpent = asksAgain && !lost.askAgain(ordinal, readCustomId(requestBytes));
    const fate = isSpent ? 'exhausted' : decided;
    if (fate === 'deferred') return this.#defer(requestBytes);
    const error = verdict ?? decision.namedLines.get(ordinal) ?? lostError ?? decision.missingError;
    const request = parseRequest(requestBytes);
    const outcome = fate === 'exhausted' ? 'exhausted' : 'failed';
    const line = notOk(request.custom_id, outcome, error, decision.round);
    return this.#settle(
      request,
      requestBytes,
      verdict?.body === undefined ? line : { ...line, body: verdict.body },
    );
  }

  /** Writes an answer that must be parsed. */
  async #writeAnswered(ordinal: number, requestBytes: Buffer, answered: Answered): Promise<void> {
    const { evidence, decision } = this.#source;
    const { rules, index } = evidence;
    this.models.addAnswer(answered.body, endOf(answered.shown));
    const request = parseRequest(requestBytes);
    const line = await this.#answer(request.custom_id, answered, index.asked(ordinal));
    const written = tryJsonLine(line);
    if (written === undefined)
      return this.#settle(
        request,
        requestBytes,
        notOk(request.custom_id, 'failed', TOO_DEEP, decision.round),
      );
    if (line.ok) {
      await this.#writeAnswer(Buffer.from(written));
      return;
    }
    const again = rules.output?.retry === true && line.retry;
    if (decideInvalidOutput(again, ordinal, decision) === 'deferred') await this.#defer(requestBytes);
    else await this.#settle(request, requestBytes, line);
  }

  async #defer(requestBytes: Buffer): Promise<void> {
    this.totals.deferred += 1;
    await this.#writers.results.write(LINE_END);
    this.#withoutLetter += 1;
    await this.#writers.nextRequests.write(requestBytes);
  }

  /** Writes the final outcome of a row that is not ok. */
  async #settle(request: RequestLine, requestBytes: Buffer, end: NotOkLine): Promise<void> {
    const { step, provider } = this.#source.evidence.rules;
    const line = { ...end, ...(provider !== undefined && { provider }), ...(step !== undefined && { step }) };
    const { custom_id, outcome, error } = line;
    if (outcome !== 'invalid') this.totals[outcome] += 1;
    this.errors.add({ outcome, code: error.code, rows: 1, custom_id, message: error.message });
    // Drops the body if it cannot be written, so that the outcome is recorded in any case.
    await this.#writers.results.write(tryJsonLine(line) ?? jsonLine({ ...line, body: undefined }));
    await this.#flushLetters();
    await this.#writers.deadLetters.write(deadLetter(request, requestBytes, line));
  }

  async #answer(customId: string, { body, shown }: Answered, asked: Asked): Promise<OkLine | NotOkLine> {
    const { evidence, files } = this.#source;
    const { rules } = evidence;
    const { output, endpoint, round, step, provider, resultShape, simulated } = rules;
    const taken = takesFiles(rules) ? endpoint.takeFiles?.(body) : undefined;
    const line = renderResult({
      customId,
      body,
      shown: taken === undefined ? shown : endpoint.show(taken.body, asked),
      round,
      step,
      provider,
      resultShape,
      simulated,
      files: await files.add(customId, taken?.files ?? []),
    });
    if (output === undefined) return line;
    const texts = endpoint.texts?.(body) ?? (typeof shown.text === 'string' ? [shown.text] : []);
    return checkOutput(line, texts, endOf(shown), output.match);
  }
}

const TOO_DEEP = {
  code: 'ANSWER_TOO_DEEP',
  message: 'The answer is nested too deeply to be written again; the round’s output.jsonl has it unchanged.',
};

const LINE_END = Buffer.from('\n');
