import { plainText } from './shapes/plain-text.ts';
import { ReusedLine } from './reused-line.ts';
import { isLineSeparator } from './shapes/scan.ts';
import type { Shape } from './shapes/shape.ts';
import { ID_AT, isBlankText, learnRequest, MAX_ORDINAL, type RequestSplice } from './learn-request.ts';
import type { MadeRequest } from '../rows/request-maker.ts';
import { generatedId, hasCharacters, MAX_CUSTOM_ID, type RequestRules } from '../rows/request-line.ts';
import { isQuoted } from '../rows/formats/csv-records.ts';
import type { Table, TableRow } from '../rows/row.ts';

/** Most columns, because one bit per column marks the empty cells. */
const MAX_COLUMNS = 30;

/**
 * Makes request lines of a table's rows by copying their cells: the same lines as `toRequestLine`, from which it learns. All
 * other rows are left to `toRequestLine`.
 */
export class TableSplicer {
  readonly #rules: RequestRules;
  readonly #longestId: number;
  /** Learned requests by the set of empty cells. */
  readonly #learned = new Map<number, RequestSplice | undefined>();
  #table: Table | undefined;
  readonly #line = new ReusedLine();
  /** The spans of a row's cells that are not empty. */
  readonly #filled: number[] = [];

  constructor(rules: RequestRules) {
    this.#rules = rules;
    this.#longestId = rules.customIds?.length ?? MAX_CUSTOM_ID;
  }

  /** Makes the request of a row; undefined if the row must go through the rules. */
  make({ table, record: { chunk, spans } }: TableRow, ordinal: number): MadeRequest | undefined {
    const { header } = table;
    if (header.length > MAX_COLUMNS || hasMoreCells(spans, 2 * header.length)) return undefined;
    if (ordinal > MAX_ORDINAL || !chunk.isPlain) return undefined;
    const filled = this.#filled;
    filled.length = 0;
    let empty = 0;
    for (let n = 0; n < header.length; n += 1) {
      // Missing cells at the end of a row count as empty. A column without a name counts as missing.
      const start = spans[2 * n];
      const end = spans[2 * n + 1];
      if (start === end || start === undefined || end === undefined || header[n] === '') empty |= 1 << n;
      else filled.push(start, end);
    }
    const found = this.#find(table, empty);
    if (found === undefined) return undefined;
    const { idSlot, model, inputs } = found;
    const customId = idSlot === undefined ? generatedId(ordinal) : plainText(chunk.bytes, filled, idSlot);
    if (customId === undefined || customId.length > this.#longestId || customId.includes('"'))
      return undefined;
    if (!hasCharacters(customId, this.#rules.customIds)) return undefined;
    const line = this.#splice(found, chunk.bytes, filled);
    if (line === undefined) return undefined;
    if (idSlot === undefined) line.write(customId, ID_AT, 'latin1');
    return { customId, line, model, inputs };
  }

  #splice({ splice }: RequestSplice, bytes: Buffer, spans: readonly number[]): Buffer | undefined {
    const { literals, slots } = splice;
    const into = this.#line.room(mostBytes(splice.literalBytes, slots, spans));
    let at = 0;
    for (let n = 0; n < literals.length; n += 1) {
      const literal = literals[n] as Buffer;
      into.set(literal, at);
      at += literal.length;
      if (n === slots.length) break;
      const [start, end] = [
        spans[2 * (slots[n] as number)] as number,
        spans[2 * (slots[n] as number) + 1] as number,
      ];
      if (isBlankText(bytes, start, end)) return undefined;
      at = this.#writeEscaped(bytes, start, end, at);
      if (at === -1) return undefined;
    }
    return this.#line.view(at);
  }

  /**
   * Writes a cell as the content of a JSON string, at 1 ns per byte. Returns its end; -1 if the cell must go through the rules.
   */
  #writeEscaped(cell: Buffer, start: number, end: number, from: number): number {
    const into = this.#line.bytes;
    const isDoubled = isQuoted(cell, start);
    let at = from;
    for (let n = start; n < end; n += 1) {
      const byte = cell[n] as number;
      const escape = ESCAPE[byte] as number;
      if (escape > 1) {
        into[at] = BACKSLASH;
        into[at + 1] = escape;
        at += 2;
        if (byte === QUOTE && isDoubled) n += 1;
        continue;
      }
      if (escape === 1 && isSpecial(cell, n)) return -1;
      into[at] = byte;
      at += 1;
    }
    return at;
  }

  #find(table: Table, empty: number): RequestSplice | undefined {
    if (table !== this.#table) this.#learned.clear();
    this.#table = table;
    if (!this.#learned.has(empty)) {
      const columns = table.header.filter((_, n) => (empty & (1 << n)) === 0);
      this.#learned.set(empty, learnRequest(shapeOf(columns), this.#rules, true));
    }
    return this.#learned.get(empty);
  }
}

/** Upper bound of a line's length in bytes: an escape takes two bytes. */
function mostBytes(literalBytes: number, slots: readonly number[], spans: readonly number[]): number {
  let most = literalBytes;
  for (const slot of slots) most += 2 * ((spans[2 * slot + 1] as number) - (spans[2 * slot] as number));
  return most;
}

/** True if a cell after the last column has a value. */
function hasMoreCells(spans: readonly number[], from: number): boolean {
  for (let n = from; n < spans.length; n += 2) if (spans[n] !== spans[n + 1]) return true;
  return false;
}

/** The shape of the JSON row that these columns make. */
function shapeOf(columns: readonly string[]): Shape {
  const keys = columns.map((column) => `${JSON.stringify(column)}:"`);
  const literals = keys.map((key, n) => Buffer.from(`${n === 0 ? '{' : '",'}${key}`));
  return {
    literals: [...literals, Buffer.from(columns.length === 0 ? '{}' : '"}')],
    slots: columns.map(() => 'text'),
  };
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
/** The character after the backslash in the JSON escape of these bytes. */
const ESCAPES = new Map([
  [0x08, 'b'],
  [0x09, 't'],
  [0x0a, 'n'],
  [0x0c, 'f'],
  [0x0d, 'r'],
  [QUOTE, '"'],
  [BACKSLASH, '\\'],
]);
/**
 * By byte. 0: the byte is copied. 1: control characters without a short escape, and first bytes of line separators. Otherwise the
 * byte after the backslash.
 */
const ESCAPE = new Uint8Array(256).map((_, byte) => {
  if (byte === 0xc2 || byte === 0xe2) return 1;
  return ESCAPES.get(byte)?.charCodeAt(0) ?? (byte < 0x20 ? 1 : 0);
});

/** True for control characters and line separators; false for other characters that begin with the same byte as a separator. */
function isSpecial(cell: Buffer, at: number): boolean {
  return (cell[at] as number) < 0x20 || isLineSeparator(cell, at);
}
