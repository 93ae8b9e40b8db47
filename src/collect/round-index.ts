import { bounded, type Failure } from '../errors.ts';
import { frameLines, type Line } from '../rows/lines.ts';
import { asWire, type Wire } from '../provider/wire.ts';
import { classifyLine, type Verdict } from './classify-line.ts';
import type { Scratch } from './scratch.ts';

/** Longest provider line that is read. A row of 2,048 embeddings of 4,096 floats is about 100 MB. */
export const MAX_RESULT_LINE_BYTES = 256 * 1_048_576;

/** Unknown custom_ids that are told by name. */
const MAX_UNKNOWN_IDS = 20;

/** Where a row's winning result line is. */
interface Place {
  readonly file: Scratch;
  readonly start: number;
  readonly length: number;
  readonly kind: Verdict['kind'];
}

/**
 * The result lines of a round, by the ordinal of their request. Rows are found by the set of custom_ids, never by the
 * provider's counters. Memory: one small record per row, no result.
 */
export class RoundIndex {
  readonly #ordinals = new Map<string, number>();
  readonly #places: (Place | undefined)[] = [];
  readonly #retriableCodes: readonly string[];
  duplicates = 0;
  unknown = 0;
  readonly unknownIds: string[] = [];
  unreadable = 0;
  /** Requests with a result line. */
  answered = 0;
  /** The first row that says the account was denied. */
  haltedBy: Failure | undefined;

  constructor(customIds: readonly string[], retriableCodes: readonly string[]) {
    this.#retriableCodes = retriableCodes;
    for (const [ordinal, customId] of customIds.entries()) this.#ordinals.set(customId, ordinal);
  }

  async addFile(file: Scratch): Promise<void> {
    for await (const lines of frameLines(file.stream(), MAX_RESULT_LINE_BYTES)) {
      for (const line of lines) this.#addLine(file, line);
    }
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

  /** What the row's winning line says, read again; `undefined` when it has none. */
  verdict(ordinal: number): Verdict | undefined {
    const place = this.#places[ordinal];
    if (place === undefined) return undefined;
    const line = parseLine(place.file.read(place.start, place.length));
    return line && classifyLine(line, this.#retriableCodes);
  }

  #addLine(file: Scratch, { start, bytes }: Line): void {
    const line = bytes && parseLine(bytes);
    const customId = line?.['custom_id'];
    if (line === undefined || bytes === undefined || typeof customId !== 'string') {
      this.unreadable += 1;
      return;
    }
    const ordinal = this.#ordinals.get(customId);
    if (ordinal === undefined) {
      this.#addUnknown(customId);
      return;
    }
    const verdict = classifyLine(line, this.#retriableCodes);
    if (verdict.kind === 'halting') this.haltedBy ??= denied(verdict);
    this.#place(ordinal, { file, start, length: bytes.length, kind: verdict.kind });
  }

  /** Of two lines for one row a success wins, else the first. */
  #place(ordinal: number, place: Place): void {
    const before = this.#places[ordinal];
    if (before === undefined) this.answered += 1;
    else this.duplicates += 1;
    if (before === undefined || (before.kind !== 'ok' && place.kind === 'ok')) this.#places[ordinal] = place;
  }

  #addUnknown(customId: string): void {
    this.unknown += 1;
    if (this.unknownIds.length < MAX_UNKNOWN_IDS) this.unknownIds.push(customId.slice(0, 200));
  }
}

function denied({ code, message }: { readonly code: string; readonly message: string }): Failure {
  return { name: 'ProviderDenied', code, message: bounded(message) };
}

/** A line as an object; bytes that are no UTF-8 are replaced rather than lost with their row. */
function parseLine(bytes: Buffer): Wire | undefined {
  try {
    return asWire(JSON.parse(bytes.toString('utf8')));
  } catch {
    return undefined;
  }
}
