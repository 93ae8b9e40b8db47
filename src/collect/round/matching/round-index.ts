import {
  parseLine,
  type CountedLine,
  type LineReader,
  type LineVerdict,
  type RenderableAnswer,
} from '../../lines/line-reader.ts';
import type { Failure } from '../../../errors.ts';
import type { Line } from '../../../jsonl/lines.ts';
import type { Asked } from '../../../endpoints/endpoint.ts';
import { classifyLine, type LineRules, type Verdict } from '../../lines/classify-line.ts';
import { withResponse } from '../../lines/line-shape.ts';
import type { ChunkSink } from '../files/fetch-file.ts';
import { Denials } from './denials.ts';
import { MadeLines } from './made-lines.ts';
import { RequestIds, type RoundRequests } from './request-ids.ts';
import { ResultFile, type RowlessLine } from './result-file.ts';
import type { Scratch } from '../files/scratch.ts';
import type { UnreadableLine } from '../../../checkpoints/round/collected.ts';
import { KeptStrays, StrayLines, type Stray, type Traced } from './strays.ts';
import { UnexplainedLines } from './unexplained-lines.ts';
import { WinningLines, type LineRange } from './winning-lines.ts';

const NOTHING = Buffer.alloc(0);

/** The file of a line. */
type LineSource = Pick<Stray, 'file' | 'name' | 'isTwin'>;

/**
 * The result lines of a round, by the ordinal of their request. Rows are found by the set of custom_ids, never by the
 * provider's counters. Memory: one small record per row, and the result lines that `MadeLines` keeps.
 */
export class RoundIndex implements Disposable {
  readonly #ids: RequestIds;
  readonly #winners: WinningLines;
  readonly #made = new MadeLines();
  readonly #reader: LineReader;
  readonly #rules: LineRules;
  /** Lines without a row so far, until {@link settle}. */
  readonly #strays: KeptStrays;
  readonly #unexplained = new UnexplainedLines();
  readonly #denials: Denials;
  /** Number of rows whose line came back under a changed id. */
  changedIds = 0;

  constructor(requests: RoundRequests, reader: LineReader, rules: LineRules) {
    this.#ids = new RequestIds(requests);
    this.#winners = new WinningLines(requests.customIds.length);
    this.#reader = reader;
    this.#rules = rules;
    this.#denials = new Denials(rules.codes);
    this.#strays = new KeptStrays(this.requests);
  }

  /**
   * Indexes a file while its bytes arrive; its lines are read again from the scratch file only if necessary. In a twin's file,
   * which must come last, only answers count, and only for rows without another answer.
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
    const strays = this.#strays.take();
    if (strays.length > 0) {
      const lines = new StrayLines(this.#ids.ordinals, parseLine, this.#longestId(strays));
      for (const stray of strays) this.#addTraced(stray, lines.trace(stray));
    }
    for (const customId of this.#winners.dropAmbiguous(this.#ids.ordinals)) {
      // Counts both lines.
      this.#unexplained.addUnknown(customId);
      this.#unexplained.addUnknown(customId);
    }
    this.#denials.settle(sent);
  }

  /** The unreadable line of a row, if that is why the row has no result. */
  brokenLine(ordinal: number): UnreadableLine | undefined {
    return this.#winners.has(ordinal) ? undefined : this.#unexplained.broken.get(ordinal);
  }

  /** Number of rows whose only line cannot be read. */
  get brokenRows(): number {
    return [...this.#unexplained.broken.keys()].filter((ordinal) => !this.#winners.has(ordinal)).length;
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
    return this.#ids.ordinals.get(customId);
  }

  /** How many of these ids belong to requests of the round. */
  countOf(customIds: ReadonlySet<string>): number {
    return this.#ids.countOf(customIds);
  }

  get requests(): number {
    return this.#ids.size;
  }

  /** Requests without any result line. */
  get missing(): number {
    return this.#ids.size - this.answered;
  }

  /** The denial of the account, if there is one. */
  get haltedBy(): Failure | undefined {
    return this.#denials.haltedBy;
  }

  get halted(): boolean {
    return this.haltedBy !== undefined;
  }

  /** Records that the account was denied, unless the round's lines already show it. */
  halt(by: Failure): void {
    this.#denials.haltedBy ??= by;
  }

  /** The parts of the request that its answer must match. */
  asked(ordinal: number): Asked {
    return this.#ids.asked(ordinal);
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
    const { id, verdict, isText = false } = this.#reader.read({ bytes, isUtf8 }, this.#ids.askedOf);
    const ordinal = id === undefined ? undefined : this.#ids.lookUp(id);
    if (ordinal === undefined || verdict === undefined) return { id, isText };
    if ('render' in verdict)
      this.#addAnswer(ordinal, verdict, { file, isTwin, start, length, isUtf8, kind: 'ok', isSuccess: true });
    else this.#addVerdict(ordinal, verdict, { file, isTwin, start, length, isUtf8 });
    return undefined;
  }

  #classify({ ordinal, line }: Extract<Traced, { kind: 'row' }>): Verdict {
    return classifyLine(withResponse(line), this.#rules, this.asked(ordinal));
  }

  /** Keeps a line for {@link settle}. Lines for which there is no room are only counted. */
  #addStray(stray: Stray): void {
    if (this.#strays.keep(stray) || stray.isTwin) return;
    if (stray.id === undefined) this.#unexplained.unreadable += 1;
    else this.#unexplained.addUnknown(stray.id);
  }

  /** Renders the result line of an answer immediately, while there is room for it; otherwise notes how to render it. */
  #addAnswer(ordinal: number, answer: RenderableAnswer, range: LineRange): void {
    if (!this.#winners.keep(ordinal, range)) return;
    if (this.#made.hasRoom(range.length)) {
      this.#winners.setMade(ordinal, this.#made.keep(answer.render()));
      return;
    }
    const note = answer.note();
    if (note !== undefined) this.#winners.setNote(ordinal, note);
  }

  #addVerdict(ordinal: number, verdict: Verdict, range: Omit<LineRange, 'kind' | 'isSuccess'>): void {
    if (range.isTwin && verdict.kind !== 'ok') return;
    if (verdict.kind === 'halting') this.#denials.add(verdict, this.#winners.has(ordinal));
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
    for (const [customId, ordinal] of this.#ids.ordinals)
      if (this.#winners.has(ordinal)) longest = Math.max(longest, customId.length);
    return longest;
  }
}
