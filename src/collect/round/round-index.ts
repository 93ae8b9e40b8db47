import { bounded, type Failure } from '../../errors.ts';
import { asBuffer, createFramer, type Line } from '../../jsonl/lines.ts';
import { ONE_INPUT } from '../../endpoints/asked.ts';
import type { Asked } from '../../endpoints/endpoint.ts';
import { numberText } from '../../exact-json.ts';
import { readAnswer } from '../../jsonl/answer-json.ts';
import { asWire, type Wire } from '../../provider/wire.ts';
import { classifyLine, type Failed, type LineRules, type Verdict } from '../lines/classify-line.ts';
import type { ChunkSink } from './fetch-file.ts';
import { MadeLines } from './made-lines.ts';
import type { Scratch } from './scratch.ts';
import type { ResultSplicer } from '../../fast-path/splice-result.ts';

/** Longest provider line that is read. A row of 2,048 embeddings of 4,096 floats is about 100 MB. */
export const MAX_RESULT_LINE_BYTES = 256 * 1_048_576;

const NOTHING = Buffer.alloc(0);

/** Unknown custom_ids that are told by name. */
const MAX_UNKNOWN_IDS = 20;

/** Where a row's winning result line is. */
export interface Place {
  readonly file: Scratch;
  readonly start: number;
  readonly length: number;
  readonly kind: Verdict['kind'];
  readonly isUtf8: boolean;
  /** The result line that it becomes, when that is made already. */
  made?: Buffer | undefined;
}

/** The requests of a round, in their order. */
export interface RoundRequests {
  readonly customIds: readonly string[];
  /** How many inputs those list whose input is a list, by ordinal. */
  readonly inputs: ReadonlyMap<number, number>;
}

/**
 * The result lines of a round, by the ordinal of their request. Rows are found by the set of custom_ids, never by the
 * provider's counters. Memory: one small record per row, and the result lines that `MadeLines` keeps.
 */
export class RoundIndex {
  readonly #ordinals = new Map<string, number>();
  readonly #places: (Place | undefined)[] = [];
  readonly #inputs: ReadonlyMap<number, number>;
  readonly #made = new MadeLines();
  readonly #splicer: ResultSplicer;
  readonly #rules: LineRules;
  duplicates = 0;
  unknown = 0;
  readonly unknownIds: string[] = [];
  unreadable = 0;
  /** Requests with a result line. */
  answered = 0;
  /** Requests with an answer. */
  ok = 0;
  /** The first row that says the account was denied. */
  haltedBy: Failure | undefined;

  constructor({ customIds, inputs }: RoundRequests, splicer: ResultSplicer, rules: LineRules) {
    this.#inputs = inputs;
    this.#splicer = splicer;
    this.#rules = rules;
    for (const [ordinal, customId] of customIds.entries()) this.#ordinals.set(customId, ordinal);
  }

  /** Takes in a file as its bytes come; what its lines say is read from the scratch file later, where it must be. */
  takeIn(file: Scratch): ChunkSink {
    const framer = createFramer(MAX_RESULT_LINE_BYTES);
    const add = (lines: readonly Line[]): void => {
      for (const line of lines) this.#addLine(file, line);
    };
    return { push: (chunk) => add(framer.push(asBuffer(chunk))), end: () => add(framer.end()) };
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

  /** What the request asks that its answer has to fit to. */
  asked(ordinal: number): Asked {
    const inputs = this.#inputs.get(ordinal);
    return inputs === undefined ? ONE_INPUT : { inputs };
  }

  /** Where the row's winning line is; `undefined` when it has none. */
  find(ordinal: number): Place | undefined {
    return this.#places[ordinal];
  }

  /** What the winning line of a row says. */
  read({ file, start, length }: Place, ordinal: number): Verdict | undefined {
    const line = parseLine(file.read(start, length));
    return line && classifyLine(line, this.#rules, this.asked(ordinal));
  }

  #addLine(file: Scratch, line: Line): void {
    const { start, bytes = NOTHING, isUtf8 } = line;
    const customId = isUtf8 ? this.#splicer.recognize(bytes) : undefined;
    const place = { file, start, length: bytes.length, isUtf8 };
    if (customId === undefined) return this.#addRead(bytes, place);
    const ordinal = this.#ordinals.get(customId);
    if (ordinal === undefined) this.#addUnknown(customId);
    else if (this.#splicer.answers(this.asked(ordinal)))
      this.#addAnswer(ordinal, bytes, { ...place, kind: 'ok' });
    else this.#addRead(bytes, place);
  }

  /** An answer that was recognized by its bytes: its result line is made at once, while there is room for it. */
  #addAnswer(ordinal: number, bytes: Buffer, place: Place): void {
    if (!this.#place(ordinal, place) || !this.#made.hasRoom(bytes.length)) return;
    const length = this.#splicer.makeRecognized(bytes);
    place.made = this.#made.keep(this.#splicer.line, length);
  }

  #addRead(bytes: Buffer, place: Omit<Place, 'kind'>): void {
    const line = parseLine(bytes);
    const customId = readId(line);
    if (line === undefined || customId === undefined) {
      this.unreadable += 1;
      return;
    }
    const ordinal = this.#ordinals.get(customId);
    const asked = ordinal === undefined ? ONE_INPUT : this.asked(ordinal);
    const verdict = classifyLine(line, this.#rules, asked);
    if (verdict.kind === 'ok' && place.isUtf8) this.#splicer.learn(bytes);
    if (ordinal === undefined) return this.#addUnknown(customId);
    if (verdict.kind === 'halting') this.haltedBy ??= denied(verdict);
    this.#place(ordinal, { ...place, kind: verdict.kind });
  }

  /** Of two lines for one row a success wins, else the first. @returns whether it is this one */
  #place(ordinal: number, place: Place): boolean {
    const before = this.#places[ordinal];
    if (before === undefined) this.answered += 1;
    else this.duplicates += 1;
    const wins = before === undefined || (before.kind !== 'ok' && place.kind === 'ok');
    if (wins) this.#places[ordinal] = place;
    if (wins && place.kind === 'ok') this.ok += 1;
    return wins;
  }

  #addUnknown(customId: string): void {
    this.unknown += 1;
    if (this.unknownIds.length < MAX_UNKNOWN_IDS) this.unknownIds.push(customId.slice(0, 200));
  }
}

/** Ours are texts; a program that takes `"17"` for a number may give 17 back. */
function readId(line: Wire | undefined): string | undefined {
  const id = line?.['custom_id'];
  return typeof id === 'string' ? id : numberText(id);
}

function denied({ code, message }: Failed): Failure {
  return { name: 'ProviderDenied', code, message: bounded(message) };
}

/** A line as an object; bytes that are no UTF-8 are replaced rather than lost with their row. */
function parseLine(bytes: Buffer): Wire | undefined {
  try {
    return asWire(readAnswer(bytes.toString('utf8')));
  } catch {
    return undefined;
  }
}
