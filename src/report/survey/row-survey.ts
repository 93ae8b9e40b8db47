import type { ResultLine } from '../../checkpoints/result-line.ts';
import type { ResolvedProfile } from '../../checkpoints/profile.ts';
import { endOf } from '../../collect/lines/answer-end.ts';
import { structuredAnswer } from '../../tables/answer-fields.ts';
import { answerText } from '../../tables/answer-text.ts';
import { askedText } from './asked-text.ts';
import { FieldSurvey, type FieldValues } from './field-survey.ts';
import type { RowKind, SampledRow } from './sample-rows.ts';
import { clip } from '../page/text.ts';
import { VectorSurvey, type Vectors } from './vector-survey.ts';

/** Everything that a page shows of a finished job's rows. */
export interface RowsSurvey {
  /** Number of rows that were read, from the first on; absent if only a sample was read. */
  readonly seen?: number;
  /** Rows from the whole job, evenly spread. */
  readonly sample: readonly SampledRow[];
  /** Rows that are not ok, truncated or refused, in order; only the first ones if there are too many. */
  readonly notable: readonly SampledRow[];
  readonly allNotable: number;
  /** Number of truncated answers, and of refused ones. */
  readonly truncated: number;
  readonly refused: number;
  readonly fields: readonly FieldValues[];
  readonly vectors?: Vectors | undefined;
}

const SAMPLE_ROWS = 96;

/** Longest question in the page, in bytes after escaping. */
const ASKED_BYTES = 300;
const ANSWER_BYTES = 600;
const ID_BYTES = 160;

/** Most notable rows of a page, and most bytes of them. */
const NOTABLE_ROWS = 1_000;
const NOTABLE_BYTES = 400_000;

type Fields = Readonly<Record<string, unknown>>;

/** A survey with a sample only. */
export function surveyOf(sample: RowsSurvey['sample']): RowsSurvey {
  return { sample, notable: [], allNotable: 0, truncated: 0, refused: 0, fields: [] };
}

/** Reads every row of a job once, in order. Keeps only what the page shows. */
export class RowSurvey {
  readonly #rows: number;
  readonly #asked: (fields: Fields) => string;
  readonly #fields: FieldSurvey;
  readonly #vectors = new VectorSurvey();
  readonly #sample: SampledRow[] = [];
  readonly #notable: SampledRow[] = [];
  #notableBytes = 0;
  #allNotable = 0;
  #seen = 0;
  #notOk = 0;
  readonly #ends = { truncated: 0, refused: 0 };

  constructor(profile: Pick<ResolvedProfile, 'prompt' | 'output'> | undefined, rows: number) {
    this.#rows = rows;
    this.#asked = askedText(profile ?? {});
    this.#fields = new FieldSurvey(profile?.output);
  }

  /**
   * Adds the next row in the order of the results.
   * @param fields the row's fields in the input; absent if the input is unknown
   */
  add(line: ResultLine, fields: Fields | undefined): void {
    const kind = kindOf(line);
    if (kind === 'truncated' || kind === 'refused') this.#ends[kind] += 1;
    if (this.#isSampled()) this.#sample.push(this.#show(line, kind, fields));
    this.#seen += 1;
    if (!line.ok) this.#notOk += 1;
    if (kind !== 'ok') this.#addNotable(line, kind, fields);
    const answer = structuredAnswer(line);
    if (answer !== undefined) this.#fields.add(answer);
    if (!line.ok) return;
    if (line.embedding !== undefined) this.#vectors.add(line.embedding);
    for (const vector of line.embeddings ?? []) this.#vectors.add(vector);
  }

  /** Number of rows added, and how many of them are not ok. */
  get seen(): number {
    return this.#seen;
  }

  get notOk(): number {
    return this.#notOk;
  }

  /** True if no more notable rows fit. */
  get isFull(): boolean {
    return this.#notable.length >= NOTABLE_ROWS || this.#notableBytes >= NOTABLE_BYTES;
  }

  /** Adds a row that is not ok and follows the rows added before: its dead letter has its question. */
  addDeadLetter(letter: ResultLine & { readonly body?: unknown }): void {
    if (letter.ok) return;
    this.#notOk += 1;
    const row = { ...letter, ok: false as const };
    this.#addNotable(row, row.outcome, { body: letter.body });
  }

  /** Sets the number of rows of the whole job that are not ok. The survey may have only some of them. */
  countNotOk(count: number): void {
    this.#allNotable += Math.max(0, count - this.#notOk);
    this.#notOk = count;
  }

  #isSampled(): boolean {
    if (this.#rows <= SAMPLE_ROWS) return true;
    const place = (n: number): number => Math.floor((n * SAMPLE_ROWS) / this.#rows);
    return this.#seen === 0 || place(this.#seen) !== place(this.#seen - 1);
  }

  #addNotable(line: ResultLine, kind: RowKind, fields: Fields | undefined): void {
    this.#allNotable += 1;
    if (this.isFull) return;
    const row = this.#show(line, kind, fields);
    this.#notable.push(row);
    this.#notableBytes += Buffer.byteLength(row.customId + row.answer + (row.asked ?? ''));
  }

  #show(line: ResultLine, outcome: RowKind, fields: Fields | undefined): SampledRow {
    const asked = fields === undefined ? '' : this.#asked(fields);
    const answer = line.ok ? answerText(line) : `${line.error.code}: ${line.error.message}`;
    return {
      customId: clip(line.custom_id, ID_BYTES),
      outcome,
      answer: clip(answer, ANSWER_BYTES),
      ...(asked !== '' && { asked: clip(asked, ASKED_BYTES) }),
    };
  }

  result(): RowsSurvey {
    return {
      seen: this.#seen,
      sample: this.#sample,
      notable: this.#notable,
      allNotable: this.#allNotable,
      ...this.#ends,
      fields: this.#fields.results(),
      vectors: this.#vectors.result(),
    };
  }
}

function kindOf(line: ResultLine): RowKind {
  if (!line.ok) return line.outcome;
  return endOf(line) ?? 'ok';
}
