import { ModelTally } from '../counts/model-usage.ts';
import { parseLine, type LineReader, type LineVerdict, type RenderableAnswer } from '../lines/line-reader.ts';
import type { Failure } from '../../errors.ts';
import { asBuffer, createFramer, type Line } from '../../jsonl/lines.ts';
import { ONE_INPUT } from '../../endpoints/asked.ts';
import type { Asked } from '../../endpoints/endpoint.ts';
import { classifyLine, type LineRules, type Verdict } from '../lines/classify-line.ts';
import { deniedBy, whoseDenial } from '../lines/whose-denial.ts';
import { withResponse } from '../lines/line-shape.ts';
import { foldedId } from '../../jsonl/folded-id.ts';
import { isEndless, MAX_RESULT_LINE_BYTES } from './endless-file.ts';
import type { ChunkSink } from './fetch-file.ts';
import { MadeLines } from './made-lines.ts';
import type { Scratch } from './scratch.ts';
import type { UnreadableLine } from '../../checkpoints/round/collected.ts';
import { StrayLines, type Stray, type Traced } from './strays.ts';

const NOTHING = Buffer.alloc(0);

/** Most unknown custom_ids to report. */
const MAX_UNKNOWN_IDS = 20;

/** Most unreadable lines to report with an excerpt. */
const MAX_UNREADABLE_LINES = 5;

/** Stray lines that are examined in addition to the number of rows. */
const SPARE_STRAYS = 1_000;

/** Position of a row's winning result line. */
export interface LineRange {
  readonly file: Scratch;
  readonly start: number;
  readonly length: number;
  readonly kind: Verdict['kind'];
  /** True if the line reports a success; its body may still not be an answer. */
  readonly isSuccess: boolean;
  readonly isUtf8: boolean;
  /** True if its file belongs to a twin. */
  readonly isTwin: boolean;
  /** The rendered result line, if it exists already. */
  made?: Buffer | undefined;
}

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
export class RoundIndex {
  readonly #ordinals = new Map<string, number>();
  readonly #ranges: (LineRange | undefined)[] = [];
  readonly #inputs: ReadonlyMap<number, number>;
  readonly #made = new MadeLines();
  readonly #reader: LineReader;
  readonly #rules: LineRules;
  /** Lines without a row so far, until {@link settle}. */
  #strays: Stray[] = [];
  readonly #repeated = new Set<number>();
  readonly #broken = new Map<number, UnreadableLine>();
  #denied = 0;
  #deniedBy: Failure | undefined;
  /** Usage of answers whose result lines are rendered; the others are counted when theirs are. */
  readonly models = new ModelTally();
  duplicates = 0;
  unknown = 0;
  readonly unknownIds: string[] = [];
  unreadable = 0;
  /** The first unreadable lines. */
  readonly unreadableLines: UnreadableLine[] = [];
  /** Number of rows whose line came back under a changed id. */
  changedIds = 0;
  /** Number of requests with a result line. */
  answered = 0;
  /** Number of requests with an answer. */
  ok = 0;
  /** Number of requests whose line reports a success, whatever its body is. */
  succeeded = 0;
  /** The first denial that concerns the account: by its code, or because every other row has it. */
  haltedBy: Failure | undefined;

  constructor({ customIds, inputs }: RoundRequests, reader: LineReader, rules: LineRules) {
    this.#inputs = inputs;
    this.#reader = reader;
    this.#rules = rules;
    for (const [ordinal, customId] of customIds.entries()) this.#ordinals.set(customId, ordinal);
  }

  /**
   * Indexes a file while its bytes arrive; lines are read again from the scratch file only if necessary. Of a twin's file, which
   * must come last, only answers count, and only for rows without another answer.
   */
  takeIn(file: Scratch, name: Stray['name'], isTwin = false): ChunkSink {
    const framer = createFramer(MAX_RESULT_LINE_BYTES);
    const add = (lines: readonly Line[]): void => {
      for (const line of lines) this.#addLine({ file, name, isTwin }, line);
    };
    let bytes = 0;
    return {
      push: (chunk) => {
        bytes += chunk.byteLength;
        add(framer.push(asBuffer(chunk)));
        return isEndless({ bytes, position: framer.position }, this.requests, MAX_RESULT_LINE_BYTES);
      },
      end: () => add(framer.end()),
    };
  }

  /**
   * Finds the rows of lines with changed ids. Call it once, after both files.
   * @param sent number of requests in the batch; if rows are sent direct, those with an answer
   */
  settle(sent = this.answered): void {
    const strays = this.#strays;
    this.#strays = [];
    if (strays.length > 0) {
      const lines = new StrayLines(this.#ordinals, parseLine, this.#longestId(strays));
      for (const stray of strays) this.#addTraced(stray, lines.trace(stray));
    }
    this.#dropAmbiguous();
    if (this.#denied > 0 && this.#denied === sent) this.haltedBy ??= this.#deniedBy;
  }

  /** The unreadable line of a row, if that is why the row has no result. */
  brokenLine(ordinal: number): UnreadableLine | undefined {
    return this.#ranges[ordinal] === undefined ? this.#broken.get(ordinal) : undefined;
  }

  /** Number of rows whose only line cannot be read. */
  get brokenRows(): number {
    return [...this.#broken.keys()].filter((ordinal) => this.#ranges[ordinal] === undefined).length;
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
    return this.#ranges[ordinal];
  }

  /** What a row's winning line says. */
  read({ file, start, length, isUtf8 }: LineRange, ordinal: number): LineVerdict | undefined {
    return this.#reader.readOf({ bytes: file.read(start, length), isUtf8 }, this.asked(ordinal));
  }

  #addLine({ name, ...from }: Pick<Stray, 'file' | 'name' | 'isTwin'>, line: Line): void {
    const { start, number, bytes = NOTHING, isUtf8 } = line;
    const range = { ...from, start, length: bytes.length, isUtf8 };
    const { id, verdict } = this.#reader.read({ bytes, isUtf8 }, this.#askedOf);
    const ordinal = id === undefined ? undefined : this.#ordinals.get(id);
    if (ordinal === undefined || verdict === undefined) this.#addStray({ ...range, id, name, number });
    else if ('render' in verdict) this.#addAnswer(ordinal, verdict, range);
    else this.#addVerdict(ordinal, verdict, range);
  }

  readonly #askedOf = (id: string): Asked | undefined => {
    const ordinal = this.#ordinals.get(id);
    return ordinal === undefined ? undefined : this.asked(ordinal);
  };

  #classify({ ordinal, line }: Extract<Traced, { kind: 'row' }>): Verdict {
    return classifyLine(withResponse(line), this.#rules, this.asked(ordinal));
  }

  /** Keeps as many lines as there may be rows, and some more; further lines are only counted. */
  #addStray(stray: Stray): void {
    if (this.#strays.length < this.requests + SPARE_STRAYS) this.#strays.push(stray);
    else if (stray.isTwin) return;
    else if (stray.id === undefined) this.unreadable += 1;
    else this.#addUnknown(stray.id);
  }

  /** Renders the result line of an answer immediately, while there is room for it. */
  #addAnswer(ordinal: number, answer: RenderableAnswer, at: Omit<LineRange, 'kind' | 'isSuccess'>): void {
    const range: LineRange = { ...at, kind: 'ok', isSuccess: true };
    if (!this.#keep(ordinal, range) || !this.#made.hasRoom(range.length)) return;
    const rendered = answer.render();
    this.models.add(rendered);
    range.made = this.#made.keep(rendered.line);
  }

  #addVerdict(ordinal: number, verdict: Verdict, range: Omit<LineRange, 'kind' | 'isSuccess'>): void {
    if (range.isTwin && verdict.kind !== 'ok') return;
    if (verdict.kind === 'halting') {
      const whose = whoseDenial(verdict, this.#rules.codes);
      if (whose === 'account') this.haltedBy ??= deniedBy(verdict);
      if (whose === 'unclear') {
        this.#deniedBy ??= deniedBy(verdict);
        if (this.#ranges[ordinal] === undefined) this.#denied += 1;
      }
    }
    const isSuccess = verdict.kind === 'ok' || verdict.isSuccess === true;
    this.#keep(ordinal, { ...range, kind: verdict.kind, isSuccess });
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
        this.#addUnknown(traced.id);
        return;
      case 'unreadable':
        this.unreadable += 1;
        if (this.unreadableLines.length < MAX_UNREADABLE_LINES) this.unreadableLines.push(traced.unreadable);
        if (traced.ordinal !== undefined) this.#broken.set(traced.ordinal, traced.unreadable);
    }
  }

  /** Length of the longest id in any line. */
  #longestId(strays: readonly Stray[]): number {
    let longest = 0;
    for (const { id = '' } of strays) longest = Math.max(longest, id.length);
    for (const [customId, ordinal] of this.#ordinals)
      if (this.#ranges[ordinal] !== undefined) longest = Math.max(longest, customId.length);
    return longest;
  }

  /**
   * Drops two lines with one row's id if a row is missing whose id differs only by a change that providers make: it cannot be
   * known which answer belongs to which row.
   */
  #dropAmbiguous(): void {
    if (this.#repeated.size === 0 || this.missing === 0) return;
    const missing = new Set<string>();
    for (const [customId, ordinal] of this.#ordinals)
      if (this.#ranges[ordinal] === undefined) missing.add(foldedId(customId));
    for (const [customId, ordinal] of this.#ordinals) {
      if (!this.#repeated.has(ordinal) || !missing.has(foldedId(customId))) continue;
      const range = this.#ranges[ordinal];
      if (range?.kind === 'ok') this.ok -= 1;
      if (range?.isSuccess === true) this.succeeded -= 1;
      this.#ranges[ordinal] = undefined;
      this.answered -= 1;
      this.duplicates -= 1;
      this.#addUnknown(customId);
      this.#addUnknown(customId);
    }
  }

  /** Of two lines for one row, a success wins, otherwise the first. @returns true if this line wins */
  #keep(ordinal: number, range: LineRange): boolean {
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

  #addUnknown(customId: string): void {
    this.unknown += 1;
    if (this.unknownIds.length < MAX_UNKNOWN_IDS) this.unknownIds.push(customId.slice(0, 200));
  }
}
