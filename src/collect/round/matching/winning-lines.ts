import { foldedId } from '../../../jsonl/folded-id.ts';
import type { Verdict } from '../../lines/classify-line.ts';
import type { Scratch } from '../files/scratch.ts';

/** Where a row's winning result line is. */
export interface LineRange {
  readonly file: Scratch;
  readonly start: number;
  readonly length: number;
  readonly kind: Verdict['kind'];
  /** True if the line reports a success; its body may still not be an answer. */
  readonly isSuccess: boolean;
  readonly isUtf8: boolean;
  /** True if the line is from a second batch of the same rows. */
  readonly isTwin: boolean;
  /** Number of the result line made from it; absent if it is not made yet. */
  readonly made?: number | undefined;
  /** Note of the reader about the line. */
  readonly note?: number | undefined;
}

const KINDS: readonly Verdict['kind'][] = ['ok', 'retriable', 'halting', 'permanent'];

/** Count of the numbers per row: the line's start and length, the number of its result line or note, and its marks. */
const FIELDS = 4;

/** Marks of a line. Its kind is in the lowest two bits, and the number of its file in the highest. */
const [IS_THERE, IS_SUCCESS, IS_UTF8, IS_TWIN, IS_MADE, IS_NOTED] = [4, 8, 16, 32, 64, 128];
const FILE_SHIFT = 8;

/**
 * The line that counts for each request, by the request's ordinal. The lines are numbers in one array: objects, which live as
 * long as the round, would be copied by garbage collections.
 */
export class WinningLines {
  readonly #lines: Float64Array;
  readonly #files: Scratch[] = [];
  readonly #repeated = new Set<number>();
  duplicates = 0;
  /** Requests with a result line. */
  answered = 0;
  /** Requests with an answer. */
  ok = 0;
  /** Requests whose line reports a success, with any body. */
  succeeded = 0;

  /** @param requests number of requests in the round */
  constructor(requests: number) {
    this.#lines = new Float64Array(requests * FIELDS);
  }

  has(ordinal: number): boolean {
    return this.#marks(ordinal) !== 0;
  }

  /** Where the row's winning line is; `undefined` when it has none. */
  find(ordinal: number): LineRange | undefined {
    const marks = this.#marks(ordinal);
    if (marks === 0) return undefined;
    const at = ordinal * FIELDS;
    const number = this.#lines[at + 2] as number;
    return {
      file: this.#files[marks >> FILE_SHIFT] as Scratch,
      start: this.#lines[at] as number,
      length: this.#lines[at + 1] as number,
      kind: KINDS[marks & 3] as Verdict['kind'],
      isSuccess: (marks & IS_SUCCESS) !== 0,
      isUtf8: (marks & IS_UTF8) !== 0,
      isTwin: (marks & IS_TWIN) !== 0,
      made: (marks & IS_MADE) === 0 ? undefined : number,
      note: (marks & IS_NOTED) === 0 ? undefined : number,
    };
  }

  /**
   * Decides between two lines for one row: a success is used, otherwise the first line.
   * @returns true if this line is used
   */
  keep(ordinal: number, range: LineRange): boolean {
    const before = this.#marks(ordinal);
    if (before === 0) this.answered += 1;
    else if (!range.isTwin) {
      this.duplicates += 1;
      this.#repeated.add(ordinal);
    }
    const isOk = range.kind === 'ok';
    if (before !== 0 && (isOkLine(before) || !isOk)) return false;
    this.#set(ordinal, range);
    if (isOk) this.ok += 1;
    if (range.isSuccess && (before & IS_SUCCESS) === 0) this.succeeded += 1;
    return true;
  }

  /** Sets the number of the row's result line. */
  setMade(ordinal: number, made: number): void {
    this.#setNumber(ordinal, made, IS_MADE);
  }

  /** Sets the reader's note about the row's line. */
  setNote(ordinal: number, note: number): void {
    this.#setNumber(ordinal, note, IS_NOTED);
  }

  /**
   * Removes both lines of an id that occurs twice, if a row is missing whose id differs only in ways that providers are known
   * to change. It is unknown which line belongs to which row.
   * @returns the ids of such rows
   */
  dropAmbiguous(ordinals: ReadonlyMap<string, number>): string[] {
    if (this.#repeated.size === 0 || ordinals.size === this.answered) return [];
    const missing = new Set<string>();
    for (const [customId, ordinal] of ordinals) if (!this.has(ordinal)) missing.add(foldedId(customId));
    const dropped = [...ordinals].filter(
      ([customId, ordinal]) => this.#repeated.has(ordinal) && missing.has(foldedId(customId)),
    );
    for (const [, ordinal] of dropped) this.#drop(ordinal);
    return dropped.map(([customId]) => customId);
  }

  #drop(ordinal: number): void {
    const marks = this.#marks(ordinal);
    if (isOkLine(marks)) this.ok -= 1;
    if ((marks & IS_SUCCESS) !== 0) this.succeeded -= 1;
    this.#lines[ordinal * FIELDS + 3] = 0;
    this.answered -= 1;
    this.duplicates -= 1;
  }

  #marks(ordinal: number): number {
    return this.#lines[ordinal * FIELDS + 3] ?? 0;
  }

  #set(ordinal: number, { file, start, length, kind, isSuccess, isUtf8, isTwin }: LineRange): void {
    const at = ordinal * FIELDS;
    this.#lines[at] = start;
    this.#lines[at + 1] = length;
    this.#lines[at + 3] =
      KINDS.indexOf(kind) |
      IS_THERE |
      (isSuccess ? IS_SUCCESS : 0) |
      (isUtf8 ? IS_UTF8 : 0) |
      (isTwin ? IS_TWIN : 0) |
      (this.#numberOf(file) << FILE_SHIFT);
  }

  #setNumber(ordinal: number, number: number, mark: number): void {
    const at = ordinal * FIELDS;
    this.#lines[at + 2] = number;
    this.#lines[at + 3] = this.#marks(ordinal) | mark;
  }

  /** A round has a few files. */
  #numberOf(file: Scratch): number {
    const known = this.#files.indexOf(file);
    return known === -1 ? this.#files.push(file) - 1 : known;
  }
}

function isOkLine(marks: number): boolean {
  return marks !== 0 && (marks & 3) === 0;
}
