import { basename } from 'node:path/posix';
import { isFields } from '../endpoints/ask.ts';
import type { InputReading } from '../checkpoints/plan.ts';
import type { InputRef, Job } from '../checkpoints/job.ts';
import { InvalidInput } from '../errors.ts';
import type { StepTime } from '../pace.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { SavedBuilder } from './build-state.ts';
import type { EarlierResults } from './earlier-results.ts';
import { PositionTracker, type Position } from './formats/position.ts';
import { Reading, type SavedReading } from './formats/reading.ts';
import { readInput, readRow } from './read-input.ts';
import type { Row } from './row.ts';
import { braceNotices, checkColumns, checkPrompt } from './table-columns.ts';

/** Receives rows in order. */
export interface RowSink {
  /** The rows that follow belong to this input. */
  startFile(input: InputRef): void;
  /**
   * Takes a row. Returns a promise only if there is something to wait for.
   * @param ordinal 1-based position of the row among those that are read
   * @param knownId id of the row in the job that is retried
   */
  take(row: Row, ordinal: number, knownId?: string): Promise<void> | undefined;
  /** Takes a row that was a duplicate in the job that is retried: its original may not be a row of this job. */
  takeDuplicate(row: Row, ordinal: number): Promise<void> | undefined;
}

/** Position among a job's inputs at which a call stopped. */
export interface InputPosition {
  readonly input: number;
  /** The name must not change, because builds in progress have stored it. */
  readonly place: Position;
}

/** A part of one input, which one call reads. */
interface InputPart extends Pick<InputPosition, 'input'> {
  readonly position?: Position;
  /** Position in the input after the part; undefined if the part ends with the input. */
  readonly end: number | undefined;
  readonly time: StepTime | undefined;
}

/** The start and the time limit of reading an input. */
interface Taking {
  /** The position at which an earlier call stopped. */
  readonly from: Position | undefined;
  readonly time: StepTime | undefined;
}

/** The file that rows are read from. */
interface Source {
  readonly name: string;
  readonly reading: Reading;
}

interface OpenInput extends Source {
  readonly input: InputRef;
  readonly tracker: PositionTracker;
  readonly batches: AsyncIterable<Row[]>;
}

interface BuilderParts {
  readonly job: Job;
  readonly taker: RowSink;
  /** Only in a retry: the outcomes of the rows; rows that are ok are left out. */
  readonly earlier: EarlierResults | undefined;
}

export type SavedInputs = Pick<SavedBuilder, 'inputs' | 'hasSeenFields' | 'read'>;

/** Reads a job's inputs, and selects the job's rows. */
export class Builder {
  readonly #job: Job;
  readonly #taker: RowSink;
  readonly #earlier: EarlierResults | undefined;
  /** True if the job takes only some rows and there are more. */
  hasMore = false;
  readonly #inputs: (InputRef & InputReading)[];
  #hasSeenFields: boolean;
  /** Number of rows read; in a retry, including those that it leaves out. */
  #read: number;

  constructor({ job, taker, earlier }: BuilderParts, saved: SavedInputs = NOTHING_READ) {
    this.#job = job;
    this.#taker = taker;
    this.#earlier = earlier;
    this.#inputs = [...saved.inputs];
    this.#hasSeenFields = saved.hasSeenFields;
    this.#read = saved.read;
  }

  /** The finished inputs, and how they were read. */
  get inputs(): readonly (InputRef & InputReading)[] {
    return this.#inputs;
  }

  save(): SavedInputs {
    return { inputs: this.#inputs, hasSeenFields: this.#hasSeenFields, read: this.#read };
  }

  /**
   * Takes the rows of the job's inputs.
   * @returns its position if time ran short; undefined when all rows are read
   */
  async takeAll(
    store: ObjectStore,
    from: InputPosition | undefined,
    time: StepTime | undefined,
  ): Promise<InputPosition | undefined> {
    let place = from?.place;
    for (let input = from?.input ?? 0; input < this.#job.inputs.length && !this.hasMore; input += 1) {
      place = await this.#takeInput(store, input, { from: place, time });
      if (place !== undefined) return { input, place };
    }
    return undefined;
  }

  /**
   * Takes the rows of a part of one input.
   * @returns how it was read, and the position of its reader in the file; undefined if there was no time for all its rows
   */
  async takePart(
    store: ObjectStore,
    { input, position, end, time }: InputPart,
  ): Promise<{ readonly reading: SavedReading; readonly tracker: PositionTracker } | undefined> {
    const open = this.#open(store, input, { from: position, end });
    for await (const rows of open.batches) {
      await this.#takeRows(rows, open);
      if (time?.isOver() === true) return undefined;
    }
    return { reading: open.reading.save(), tracker: open.tracker };
  }

  #open(
    store: ObjectStore,
    nth: number,
    { from, end }: { readonly from: Position | undefined; readonly end?: number | undefined },
  ): OpenInput {
    const input = this.#job.inputs[nth] as InputRef;
    const name = basename(input.key);
    const reading = from?.entry === undefined ? new Reading() : Reading.from(from.entry.reading);
    const onHeader = (header: readonly string[]): void => this.#checkHeader(header, name, reading);
    const tracker = new PositionTracker();
    this.#taker.startFile(input);
    const options = { reading, onHeader, from, end, tracker };
    return { input, name, reading, tracker, batches: readInput(store, input, this.#job.profile, options) };
  }

  async #takeInput(store: ObjectStore, nth: number, { from, time }: Taking): Promise<Position | undefined> {
    const open = this.#open(store, nth, { from });
    const { input, name, reading, tracker } = open;
    let taken = 0;
    for await (const rows of open.batches) {
      await this.#takeRows(rows, open);
      if (this.hasMore) break;
      taken += rows.length;
      if (taken === 0 && time?.isOver() === true) throw tooFarIn(name, from);
      if (taken > 0 && time?.isShort() === true)
        return positionOf((from?.rows ?? 0) + taken, tracker, reading);
    }
    const { key, version } = input;
    this.#inputs.push({ key, ...(version === undefined ? {} : { version }), ...reading.facts() });
    return undefined;
  }

  async #takeRows(rows: readonly Row[], { name, reading }: Source): Promise<void> {
    for (const row of rows) {
      if (this.#read === this.#job.limit) {
        this.hasMore = true;
        return;
      }
      if (!this.#hasSeenFields) this.#checkFields(row, name, reading);
      const before = this.#earlier === undefined ? undefined : await this.#earlier.next();
      this.#read += 1;
      if (before === 'ok') continue;
      // Awaits only if necessary: a promise for each row would take as long as everything else.
      const pending =
        before === 'duplicate'
          ? this.#taker.takeDuplicate(row, this.#read)
          : this.#taker.take(row, this.#read, this.#earlier?.sentAs);
      if (pending !== undefined) await pending;
    }
  }

  #checkHeader(header: readonly string[], name: string, reading: Reading): void {
    checkColumns(header, this.#job.profile, name);
    for (const notice of braceNotices(header, this.#job.profile)) reading.note(notice);
  }

  /** Checks the fields: of a table when its header is read, of other files when their first row is read. */
  #checkFields(row: Row, name: string, reading: Reading): void {
    if (row.kind === 'table') return;
    const read = readRow(row);
    if (read.kind !== 'read' || read.data === true || !isFields(read.value)) return;
    this.#hasSeenFields = true;
    const fields = Object.keys(read.value);
    checkPrompt(fields, this.#job.profile, name);
    for (const notice of braceNotices(fields, this.#job.profile)) reading.note(notice);
  }
}

const NOTHING_READ: SavedInputs = { inputs: [], hasSeenFields: false, read: 0 };

function positionOf(rows: number, { mark }: PositionTracker, reading: Reading): Position {
  return { rows, ...(mark !== undefined && { entry: { ...mark, reading: reading.save() } }) };
}

function tooFarIn(name: string, from: Position | undefined): InvalidInput {
  return new InvalidInput(
    `${name} cannot be read from its middle, and reading it again up to row ${from?.rows ?? 0} takes the whole time of a step. Split it into smaller files, or give it as JSON lines, CSV or text in UTF-8 without compression.`,
  );
}
