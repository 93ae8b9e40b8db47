import { sliceKey, type SliceRef } from '../../checkpoints/keys.ts';
import { jsonLine } from '../../jsonl/json-line.ts';
import { requiredLines } from '../../jsonl/own-lines.ts';
import type { ObjectStore, ObjectWriter } from '../../store/object-store.ts';
import type { KnownAnswers, Following } from '../known-rows.ts';
import type { RowIds } from '../row-taker.ts';
import type { SliceCounts } from './division.ts';

/** The decision about a row that is not sent under its own id. */
export interface Verdict {
  /** The row's id in the job; null for a row that is not accepted; absent for its own id. */
  readonly id?: string | null;
  /** Position of the row whose answer it gets. */
  readonly leader?: number | undefined;
}

/** A verdict in its stored form, with the row's position in its slice. */
type SavedVerdict = readonly [row: number, id: string | 0 | null, leader: number];

const NO_LEADER = -1;
const PER_LINE = 4_096;

/** Writes the verdicts on the rows of one slice. Without verdicts no object is written. */
export class VerdictWriter {
  readonly #open: () => ObjectWriter;
  #writer: ObjectWriter | undefined;
  #saved: SavedVerdict[] = [];

  constructor(store: ObjectStore, ref: SliceRef) {
    this.#open = () => store.write(sliceKey(ref, 'verdicts.jsonl'));
  }

  add(
    row: number,
    { id = 0, leader = NO_LEADER }: { readonly id?: string | 0 | null; readonly leader?: number | undefined },
  ): Promise<void> | undefined {
    this.#saved.push([row, id, leader]);
    return this.#saved.length < PER_LINE ? undefined : this.#flush();
  }

  /**
   * Writes the remaining verdicts.
   * @returns true if there are any
   */
  async close(): Promise<boolean> {
    await this.#flush();
    await this.#writer?.close();
    return this.#writer !== undefined;
  }

  async abort(): Promise<void> {
    await this.#writer?.abort();
  }

  async #flush(): Promise<void> {
    if (this.#saved.length === 0) return;
    const line = jsonLine(this.#saved);
    this.#saved = [];
    this.#writer ??= this.#open();
    await this.#writer.write(line);
  }
}

/** Reads the verdicts on the rows of one slice, in order. */
export class VerdictReader {
  readonly #lines: AsyncGenerator<Buffer[], undefined>;
  #batch: readonly SavedVerdict[] = [];
  #at = 0;
  #isOver: boolean;

  constructor(store: ObjectStore, ref: SliceRef, { hasVerdicts }: Pick<SliceCounts, 'hasVerdicts'>) {
    this.#lines = requiredLines(store, sliceKey(ref, 'verdicts.jsonl'));
    this.#isOver = !hasVerdicts;
  }

  /** True if the verdict on this row is already read. */
  has(row: number): boolean {
    const last = this.#batch.at(-1);
    return this.#isOver || (last !== undefined && last[0] >= row);
  }

  /** Reads further verdicts until {@link has} is true. */
  async readTo(row: number): Promise<void> {
    while (!this.has(row)) {
      const { value: lines, done } = await this.#lines.next();
      if (done === true) this.#isOver = true;
      else {
        this.#batch = lines.flatMap((line) => JSON.parse(line.toString('utf8')) as SavedVerdict[]);
        this.#at = 0;
      }
    }
  }

  /** The verdict on a row; undefined for a row that is sent unchanged. Rows must be requested in order. */
  find(row: number): Verdict | undefined {
    while ((this.#batch[this.#at]?.[0] ?? row) < row) this.#at += 1;
    const found = this.#batch[this.#at];
    if (found?.[0] !== row) return undefined;
    const [, id, leader] = found;
    return { ...(id !== 0 && { id }), ...(leader !== NO_LEADER && { leader }) };
  }

  async close(): Promise<void> {
    await this.#lines.return(undefined);
  }
}

interface RowsOfRun {
  readonly jobId: string;
  readonly counts: readonly SliceCounts[];
  /** Position of the first row. */
  readonly slice: number;
  readonly row: number;
}

/** The decisions about the rows of a run of shards: for each row its id, and the row whose answer it gets. */
export class RunVerdicts implements KnownAnswers, RowIds, Following {
  readonly #store: ObjectStore;
  readonly #jobId: string;
  readonly #counts: readonly SliceCounts[];
  #slice: number;
  /** Position in the slice. */
  #row: number;
  #reader: VerdictReader;
  #verdict: Verdict | undefined;

  constructor(store: ObjectStore, { jobId, counts, slice, row }: RowsOfRun) {
    this.#store = store;
    this.#jobId = jobId;
    this.#counts = counts;
    this.#slice = slice;
    this.#row = row - 1;
    this.#reader = this.#openReader();
  }

  next(): Promise<void> | undefined {
    this.#row += 1;
    if (this.#row >= this.#rowsHere || !this.#reader.has(this.#row)) return this.#moveOn();
    this.#verdict = this.#reader.find(this.#row);
    return undefined;
  }

  find(): undefined {
    return undefined;
  }

  startFile(): undefined {
    return undefined;
  }

  take(id: string): string | undefined {
    const given = this.#verdict?.id;
    return given === undefined ? id : (given ?? undefined);
  }

  leaderOf(): number | undefined {
    return this.#verdict?.leader;
  }

  isRepeated(): boolean {
    return true;
  }

  addAnswered(): undefined {
    return undefined;
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }

  get #rowsHere(): number {
    return this.#counts[this.#slice]?.rows ?? Infinity;
  }

  async #moveOn(): Promise<void> {
    while (this.#row >= this.#rowsHere) {
      this.#row -= this.#rowsHere;
      this.#slice += 1;
      await this.#reader.close();
      this.#reader = this.#openReader();
    }
    await this.#reader.readTo(this.#row);
    this.#verdict = this.#reader.find(this.#row);
  }

  #openReader(): VerdictReader {
    const counts = this.#counts[this.#slice] ?? { hasVerdicts: false };
    return new VerdictReader(this.#store, { jobId: this.#jobId, slice: this.#slice }, counts);
  }
}
