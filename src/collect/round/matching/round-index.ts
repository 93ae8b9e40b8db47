import {
  parseLine,
  type CountedLine,
  type LineReader,
  type LineVerdict,
  type RenderableAnswer,
} from '../../lines/line-reader.ts';
import type { Failure } from '../../../errors.ts';
import type { Line } from '../../../jsonl/lines.ts';
import { ONE_INPUT } from '../../../endpoints/asked.ts';
import type { Asked } from '../../../endpoints/endpoint.ts';
import { classifyLine, type LineRules, type Verdict } from '../../lines/classify-line.ts';
import { deniedBy, whoseDenial } from '../../lines/whose-denial.ts';
import { withResponse } from '../../lines/line-shape.ts';
import type { ChunkSink } from '../files/fetch-file.ts';
import { MadeLines } from './made-lines.ts';
import { ResultFile, type RowlessLine } from './result-file.ts';
import type { Scratch } from '../files/scratch.ts';
import type { UnreadableLine } from '../../../checkpoints/round/collected.ts';
import { StrayLines, type Stray, type Traced } from './strays.ts';
import { UnexplainedLines } from './unexplained-lines.ts';
import { WinningLines, type LineRange } from './winning-lines.ts';

const NOTHING = Buffer.alloc(0);

/** Stray lines that are examined in addition to the number of rows. */
const SPARE_STRAYS = 1_000;

/** The file of a line. */
type LineSource = Pick<Stray, 'file' | 'name' | 'isTwin'>;

/** The requests of a round, in order. */
export interface RoundRequests {
  readonly customIds: readonly string[];
  /** Number of inputs by ordinal, for requests whose input is a list. */
  readonly inputs: ReadonlyMap<number, number>;
}

/**
 * The result lines of a round, by the ordinal of their request. Rows are found by the set of custom_ids, never by the
 * provider's counters. Memory: one small record per row, and the result lines that `MadeLines` keeps.
 */
export class RoundIndex implements Disposable {
  readonly #ordinals = new Map<string, number>();
  readonly #winners = new WinningLines();
  readonly #inputs: ReadonlyMap<number, number>;
  readonly #made = new MadeLines();
  readonly #reader: LineReader;
  readonly #rules: LineRules;
  /** The last id that was looked up, and its ordinal. */
  #lastId: string | undefined;
  #lastOrdinal: number | undefined;
  /** Lines without a row so far, until {@link settle}. */
  #strays: Stray[] = [];
  readonly #unexplained = new UnexplainedLines();
  #denied = 0;
  #deniedBy: Failure | undefined;
  /** Number of rows whose line came back under a changed id. */
  changedIds = 0;
  /** The first denial that concerns the account: by its code, or because every other row has it. */
  haltedBy: Failure | undefined;

  constructor({ customIds, inputs }: RoundRequests, reader: LineReader, rules: LineRules) {
    this.#inputs = inputs;
    this.#reader = reader;
    this.#rules = rules;
    for (const [ordinal, customId] of customIds.entries()) this.#ordinals.set(customId, ordinal);
  }

  /**
   * Indexes a file while its bytes arrive; its lines are read again from the scratch file only if necessary. Of a twin's file, which
   * must come last, only answers count, and only for rows without another answer.
   */
  takeIn(file: Scratch, name: Stray['name'], isTwin = false): ChunkSink {
    const source = { file, name, isTwin };
    return new ResultFile(this.requests, {
      take: (line, length) => this.#addLine(source, line, length),
      takeStray: (range, id) => this.#addStray({ ...source, ...range, id }),
    });
  }

  /**
   * Finds the rows of lines with changed ids. Call it once, after both files.
   * @param sent number of requests in the batch; if rows are sent direct, number of those with an answer
   */
  settle(sent = this.answered): void {
    const strays = this.#strays;
    this.#strays = [];
    if (strays.length > 0) {
      const lines = new StrayLines(this.#ordinals, parseLine, this.#longestId(strays));
      for (const stray of strays) this.#addTraced(stray, lines.trace(stray));
    }
    for (const customId of this.#winners.dropAmbiguous(this.#ordinals)) {
      // Counts both lines.
      this.#unexplained.addUnknown(customId);
      this.#unexplained.addUnknown(customId);
    }
    if (this.#denied > 0 && this.#denied === sent) this.haltedBy ??= this.#deniedBy;
  }

  /** The unreadable line of a row, if that is why the row has no result. */
  brokenLine(ordinal: number): UnreadableLine | undefined {
    return this.find(ordinal) === undefined ? this.#unexplained.broken.get(ordinal) : undefined;
  }

  /** Number of rows whose only line cannot be read. */
  get brokenRows(): number {
    return [...this.#unexplained.broken.keys()].filter((ordinal) => this.find(ordinal) === undefined).length;
  }

  /** Lines of rows that have another line, which is used. */
  get duplicates(): number {
    return this.#winners.duplicates;
  }

  /** Requests with a result line. */
  get answered(): number {
    return this.#winners.answered;
  }

  /** Requests with an answer. */
  get ok(): number {
    return this.#winners.ok;
  }

  /** Requests whose line reports a success, with any body. */
  get succeeded(): number {
    return this.#winners.succeeded;
  }

  /** Lines with ids that no request has. */
  get unknown(): number {
    return this.#unexplained.unknown;
  }

  get unknownIds(): readonly string[] {
    return this.#unexplained.unknownIds;
  }

  get unreadable(): number {
    return this.#unexplained.unreadable;
  }

  /** The first lines that cannot be read. */
  get unreadableLines(): readonly UnreadableLine[] {
    return this.#unexplained.unreadableLines;
  }

  /** All counts; the same files always have the same counts. */
  get counts(): Readonly<Record<string, number>> {
    const { requests, answered, ok, succeeded, duplicates, unknown, unreadable, brokenRows, changedIds } =
      this;
    return { requests, answered, ok, succeeded, duplicates, unknown, unreadable, brokenRows, changedIds };
  }

  /** The ordinal of the request with this id. */
  ordinalOf(customId: string): number | undefined {
    return this.#ordinals.get(customId);
  }

  /** How many of these ids belong to requests of the round. */
  countOf(customIds: ReadonlySet<string>): number {
    return [...customIds].filter((customId) => this.#ordinals.has(customId)).length;
  }

  get requests(): number {
    return this.#ordinals.size;
  }

  /** Requests without any result line. */
  get missing(): number {
    return this.#ordinals.size - this.answered;
  }

  get halted(): boolean {
    return this.haltedBy !== undefined;
  }

  /** The parts of the request that its answer must match. */
  asked(ordinal: number): Asked {
    const inputs = this.#inputs.get(ordinal);
    return inputs === undefined ? ONE_INPUT : { inputs };
  }

  /** Position of the row's winning line; `undefined` if it has none. */
  find(ordinal: number): LineRange | undefined {
    return this.#winners.find(ordinal);
  }

  /** Reads the winning line of a row. */
  read({ file, start, length, isUtf8, note }: LineRange, ordinal: number): LineVerdict | undefined {
    return this.#reader.readOf({ bytes: file.read(start, length), isUtf8 }, this.asked(ordinal), note);
  }

  /** The result line of a row's winning line, if it is kept. */
  made({ made }: LineRange): CountedLine | undefined {
    return made === undefined ? undefined : this.#made.read(made);
  }

  /** Frees the result lines that it keeps. */
  [Symbol.dispose](): void {
    this.#made[Symbol.dispose]();
  }

  #addLine({ file, isTwin }: LineSource, line: Line, length: number): RowlessLine | undefined {
    const { start, bytes = NOTHING, isUtf8 } = line;
    const { id, verdict, isText = false } = this.#reader.read({ bytes, isUtf8 }, this.#askedOf);
    const ordinal = id === undefined ? undefined : this.#lookUp(id);
    if (ordinal === undefined || verdict === undefined) return { id, isText };
    if ('render' in verdict)
      this.#addAnswer(ordinal, verdict, rangeOfAnswer({ file, isTwin, start, length, isUtf8 }));
    else this.#addVerdict(ordinal, verdict, { file, isTwin, start, length, isUtf8 });
    return undefined;
  }

  readonly #askedOf = (id: string): Asked | undefined => {
    const ordinal = this.#lookUp(id);
    return ordinal === undefined ? undefined : this.asked(ordinal);
  };

  /** {@link ordinalOf} for the id of a line, which is asked for twice. */
  #lookUp(id: string): number | undefined {
    if (id !== this.#lastId) {
      this.#lastOrdinal = this.#ordinals.get(id);
      this.#lastId = id;
    }
    return this.#lastOrdinal;
  }

  #classify({ ordinal, line }: Extract<Traced, { kind: 'row' }>): Verdict {
    return classifyLine(withResponse(line), this.#rules, this.asked(ordinal));
  }

  /** Keeps as many lines as there may be rows, and some more; further lines are only counted. */
  #addStray(stray: Stray): void {
    if (this.#strays.length < this.requests + SPARE_STRAYS) this.#strays.push(stray);
    else if (stray.isTwin) return;
    else if (stray.id === undefined) this.#unexplained.unreadable += 1;
    else this.#unexplained.addUnknown(stray.id);
  }

  /** Renders the result line of an answer immediately, while there is room for it; otherwise notes how to render it. */
  #addAnswer(ordinal: number, answer: RenderableAnswer, range: LineRange): void {
    if (!this.#winners.keep(ordinal, range)) return;
    if (this.#made.hasRoom(range.length)) range.made = this.#made.keep(answer.render());
    else range.note = answer.note();
  }

  #addVerdict(ordinal: number, verdict: Verdict, range: Omit<LineRange, 'kind' | 'isSuccess'>): void {
    if (range.isTwin && verdict.kind !== 'ok') return;
    if (verdict.kind === 'halting') {
      const whose = whoseDenial(verdict, this.#rules.codes);
      if (whose === 'account') this.haltedBy ??= deniedBy(verdict);
      if (whose === 'unclear') {
        this.#deniedBy ??= deniedBy(verdict);
        if (this.find(ordinal) === undefined) this.#denied += 1;
      }
    }
    const isSuccess = verdict.kind === 'ok' || verdict.isSuccess === true;
    this.#winners.keep(ordinal, { ...range, kind: verdict.kind, isSuccess });
  }

  #addTraced(stray: Stray, traced: Traced): void {
    // A twin's file also has rows of earlier rounds.
    if (stray.isTwin && traced.kind !== 'row') return;
    switch (traced.kind) {
      case 'row':
        this.changedIds += 1;
        // Its result line uses the request's id, so the line's bytes cannot be copied.
        this.#addVerdict(traced.ordinal, this.#classify(traced), { ...stray, isUtf8: false });
        return;
      case 'unknown':
        this.#unexplained.addUnknown(traced.id);
        return;
      case 'unreadable':
        this.#unexplained.addUnreadable(traced.unreadable, traced.ordinal);
    }
  }

  /** Length of the longest id in any line. */
  #longestId(strays: readonly Stray[]): number {
    let longest = 0;
    for (const { id = '' } of strays) longest = Math.max(longest, id.length);
    for (const [customId, ordinal] of this.#ordinals)
      if (this.find(ordinal) !== undefined) longest = Math.max(longest, customId.length);
    return longest;
  }
}

/** The range of an answer with all of its fields, so that each range is one object of one form. */
function rangeOfAnswer(place: Pick<LineRange, 'file' | 'isTwin' | 'start' | 'length' | 'isUtf8'>): LineRange {
  const { file, isTwin, start, length, isUtf8 } = place;
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
