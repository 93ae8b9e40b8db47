import type { ResultLine } from '../src/checkpoints/result-line.ts';
import type { RetryRecord, Summary } from '../src/checkpoints/summary.ts';

type KnownRows = Pick<Summary, 'deduplicated' | 'reused'>;

/** Answers among the result lines of a job, or among those of one of its retries. */
class Answers {
  #ok = 0;
  /** Answers copied from an earlier row with the same request. */
  #followers = 0;
  /** Answers of earlier jobs, by job. */
  readonly #reused = new Map<string, number>();

  add({ ok, reused, answeredBy }: Extract<ResultLine, { ok: true }>): void {
    if (ok) this.#ok += 1;
    if (answeredBy !== undefined) this.#followers += 1;
    if (reused !== undefined) this.#reused.set(reused.jobId, (this.#reused.get(reused.jobId) ?? 0) + 1);
  }

  get ok(): number {
    return this.#ok;
  }

  /** The counts of rows that were not sent, for the answers that are left. The recorded savings stay unchanged. */
  knownRows({ deduplicated, reused }: KnownRows): KnownRows {
    const from = (reused?.from ?? [])
      .map(({ jobId }) => ({ jobId, rows: this.#reused.get(jobId) ?? 0 }))
      .filter(({ rows }) => rows > 0);
    const rows = from.reduce((sum, each) => sum + each.rows, 0);
    return {
      ...(deduplicated && { deduplicated: { ...deduplicated, ok: this.#followers } }),
      ...(reused && rows > 0 && { reused: { ...reused, rows, from } }),
    };
  }
}

/** Counts the answers in a job's result lines, for a summary whose rows have lost some of them. */
export class AnswerRecount {
  readonly #knowsSample: boolean;
  readonly #all = new Answers();
  /** Answers that were taken from the sample of the job. */
  #taken = 0;
  /** Answers of the job's retries, by the number of the retry. */
  readonly #ofRetries = new Map<number, Answers>();
  /** Answers of rows that a step of the job's ladder sent, by step. */
  readonly #ofSteps = new Map<number, number>();

  /** @param knowsSample false if the answers of the job's sample cannot be read, or the job has none */
  constructor(knowsSample: boolean) {
    this.#knowsSample = knowsSample;
  }

  /**
   * Counts a result line.
   * @param isTaken true if the sample of the job has an answer to the row
   */
  add(line: ResultLine, isTaken: boolean): void {
    if (!line.ok) return;
    this.#all.add(line);
    if (isTaken && line.retried === undefined) this.#taken += 1;
    const { retried, step, reused, answeredBy } = line;
    if (retried !== undefined) {
      const ofRetry = this.#ofRetries.get(retried) ?? new Answers();
      this.#ofRetries.set(retried, ofRetry);
      ofRetry.add(line);
    } else if (step !== undefined && reused === undefined && answeredBy === undefined)
      this.#ofSteps.set(step, (this.#ofSteps.get(step) ?? 0) + 1);
  }

  /**
   * The summary with the answers that are left. The figures of what was sent and paid stay unchanged: `sent`, usage, cost, and
   * the rows of each step.
   */
  update(summary: Summary): Summary {
    const { reused: _reused, taken, ...facts } = summary;
    const { steps, retries } = summary;
    const left = Math.min(taken?.rows ?? 0, this.#knowsSample ? this.#taken : this.#all.ok);
    return {
      ...facts,
      ...(taken && left > 0 && { taken: { ...taken, rows: left } }),
      ...this.#all.knownRows(summary),
      ...(steps && { steps: steps.map((each) => ({ ...each, ok: this.#okOfStep(each) })) }),
      ...(retries && { retries: retries.map((retry, n) => this.#updateRetry(retry, n + 1)) }),
    };
  }

  /** A row answered by the sample also names a step that did not send it, so the recount may be too high: use the lower count. */
  #okOfStep({ step, ok }: { readonly step: number; readonly ok: number }): number {
    return Math.min(ok, this.#ofSteps.get(step) ?? 0);
  }

  #updateRetry({ reused, ...facts }: RetryRecord, nth: number): RetryRecord {
    const answers = this.#ofRetries.get(nth) ?? new Answers();
    return { ...facts, ok: answers.ok, ...answers.knownRows({ ...facts, ...(reused && { reused }) }) };
  }
}
