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
  made?: number | undefined;
  /** Note of the reader about the line. */
  note?: number | undefined;
}

/** The range of an answer with all of its fields, so that all ranges are objects of the same shape. */
export function rangeOfAnswer(
  found: Pick<LineRange, 'file' | 'isTwin' | 'start' | 'length' | 'isUtf8'>,
): LineRange {
  const { file, isTwin, start, length, isUtf8 } = found;
  return {
    file,
    start,
    length,
    kind: 'ok',
    isSuccess: true,
    isUtf8,
    isTwin,
    made: undefined,
    note: undefined,
  };
}

/** The line that counts for each request, by the request's ordinal. Memory: one small record per row. */
export class WinningLines {
  readonly #ranges: (LineRange | undefined)[] = [];
  readonly #repeated = new Set<number>();
  duplicates = 0;
  /** Requests with a result line. */
  answered = 0;
  /** Requests with an answer. */
  ok = 0;
  /** Requests whose line reports a success, with any body. */
  succeeded = 0;

  /** Where the row's winning line is; `undefined` when it has none. */
  find(ordinal: number): LineRange | undefined {
    return this.#ranges[ordinal];
  }

  /**
   * Decides between two lines for one row: a success is used, otherwise the first line.
   * @returns true if this line is used
   */
  keep(ordinal: number, range: LineRange): boolean {
    const before = this.#ranges[ordinal];
    if (before === undefined) this.answered += 1;
    else if (!range.isTwin) {
      this.duplicates += 1;
      this.#repeated.add(ordinal);
    }
    const wins = before === undefined || (before.kind !== 'ok' && range.kind === 'ok');
    if (wins) this.#ranges[ordinal] = range;
    if (wins && range.kind === 'ok') this.ok += 1;
    if (wins && range.isSuccess && before?.isSuccess !== true) this.succeeded += 1;
    return wins;
  }

  /**
   * Removes both lines of an id that occurs twice, if a row is missing whose id differs only in ways that providers are known
   * to change. It is unknown which line belongs to which row.
   * @returns the ids of such rows
   */
  dropAmbiguous(ordinals: ReadonlyMap<string, number>): string[] {
    if (this.#repeated.size === 0 || ordinals.size === this.answered) return [];
    const missing = new Set<string>();
    for (const [customId, ordinal] of ordinals)
      if (this.#ranges[ordinal] === undefined) missing.add(foldedId(customId));
    const dropped = [...ordinals].filter(
      ([customId, ordinal]) => this.#repeated.has(ordinal) && missing.has(foldedId(customId)),
    );
    for (const [, ordinal] of dropped) this.#drop(ordinal);
    return dropped.map(([customId]) => customId);
  }

  #drop(ordinal: number): void {
    const range = this.#ranges[ordinal];
    if (range?.kind === 'ok') this.ok -= 1;
    if (range?.isSuccess === true) this.succeeded -= 1;
    this.#ranges[ordinal] = undefined;
    this.answered -= 1;
    this.duplicates -= 1;
  }
}
