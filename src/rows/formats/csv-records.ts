import { isUtf8 } from 'node:buffer';

const [QUOTE, CR, LF, TAB] = [0x22, 0x0d, 0x0a, 0x09];

/**
 * Most columns: as many as a spreadsheet has. Empty cells add nothing to a record's size, so the size alone would not limit
 * memory.
 */
export const MAX_COLUMNS = 16_384;

/** A record of a table as bytes. */
export interface CsvRecord {
  /** 1-based line on which it begins. */
  readonly line: number;
  /** Number of its lines; several if quotes contain line ends. */
  readonly lines: number;
  /** Number of its cells that begin with a quote but are plain text. */
  readonly plainQuotes: number;
  readonly chunk: CsvChunk;
  /** Cell n is from `spans[2 * n]` to `spans[2 * n + 1]`, without its quotes; in a quoted cell, quotes are doubled. */
  readonly spans: readonly number[];
}

/** Bytes that many records share. */
export interface CsvChunk {
  readonly bytes: Buffer;
  /** True if its records contain no NUL. */
  isPlain: boolean;
}

/** A record that was cut. It is a class for the same reason as a line: see `lines.ts`. */
class CutRecord implements CsvRecord {
  readonly line: number;
  readonly lines: number;
  readonly plainQuotes: number;
  readonly chunk: CsvChunk;
  readonly spans: readonly number[];

  constructor(chunk: CsvChunk, spans: readonly number[], lines: number, { line, plainQuotes }: RecordCutter) {
    this.line = line;
    this.lines = lines;
    this.plainQuotes = plainQuotes;
    this.chunk = chunk;
    this.spans = spans;
  }
}

/** The records at the start of some bytes. */
export interface Cut {
  readonly records: readonly CsvRecord[];
  /** Position at which the first uncut record begins. */
  readonly end: number;
  /** The reason why that record cannot be cut; undefined if it is only incomplete. */
  readonly broken?: Broken | undefined;
}

export interface Broken {
  readonly why: 'not UTF-8' | 'text behind a quote' | 'quote never closed' | 'too long' | 'too many columns';
  /** 1-based line on which the record, or the quoted cell, begins. */
  readonly line: number;
}

/** True if a cell has quotes around it. */
export function isQuoted(bytes: Buffer, start: number): boolean {
  return start > 0 && bytes[start - 1] === QUOTE;
}

export function cellsOf({ chunk: { bytes }, spans }: CsvRecord): string[] {
  const cells: string[] = [];
  for (let n = 0; n < spans.length; n += 2) {
    const start = spans[n] as number;
    const cell = bytes.toString('utf8', start, spans[n + 1]);
    cells.push(isQuoted(bytes, start) && cell.includes('"') ? cell.replaceAll('""', '"') : cell);
  }
  return cells;
}

/** The bytes of a record, quotes included, without its line end. */
export function bytesOf({ chunk: { bytes }, spans }: CsvRecord): Buffer {
  const [first = 0, last = 0] = [spans[0], spans.at(-1)];
  const lastStart = spans.at(-2) ?? 0;
  return bytes.subarray(
    isQuoted(bytes, first) ? first - 1 : first,
    isQuoted(bytes, lastStart) ? last + 1 : last,
  );
}

export interface CutOptions {
  /** One ASCII character. */
  readonly delimiter: string;
  /** True if quotes enclose cells, false if they never do; undefined if they do so where RFC 4180 allows it. */
  readonly quotes?: boolean | undefined;
  /** Longest record, in bytes. */
  readonly longest: number;
  /** Number of the first line. Default: 1. */
  readonly firstLine?: number;
}

/**
 * Cuts a table's bytes into records. A cell that begins with a quote ends at the next quote that is not doubled; in other cells a
 * quote is an ordinary character. If text follows the closing quote, or there is no closing quote, the end of the cell cannot be
 * known, so the record is broken. Tables with tabs are often written without any quoting, so in them such a cell is plain text,
 * unless `quotes` is true.
 */
export class RecordCutter {
  readonly #delimiter: number;
  /** The byte of a quote; -1 for no quotes, because no byte has this value. */
  readonly #quote: number;
  readonly #mayBePlain: boolean;
  readonly #longest: number;
  /** The line on which the next record begins. */
  line: number;
  /** The cells of the current record. */
  readonly #spans: number[] = [];
  /** Plain quotes of the current record. */
  plainQuotes = 0;
  /** True if the bytes have quotes. Only quotes can put line ends inside a record. */
  #hasQuotes = false;
  #broken: Broken['why'] = 'quote never closed';
  /** Start of the cell that broke the record. */
  #brokenAt = 0;

  constructor({ delimiter, quotes, longest, firstLine = 1 }: CutOptions) {
    this.#delimiter = delimiter.charCodeAt(0);
    this.#quote = quotes === false ? -1 : QUOTE;
    this.#mayBePlain = quotes === undefined && this.#delimiter === TAB;
    this.#longest = longest;
    this.line = firstLine;
  }

  /**
   * Cuts the whole records off the beginning of these bytes.
   * @param isEnd true if nothing follows these bytes
   */
  cut(bytes: Buffer, isEnd: boolean): Cut {
    const chunk: CsvChunk = { bytes, isPlain: false };
    const cut = this.#cutRecords(chunk, isEnd);
    const whole = bytes.subarray(0, cut.end);
    if (!isUtf8(whole)) return { ...cut, broken: { why: 'not UTF-8', line: invalidLine(cut.records) } };
    chunk.isPlain = !whole.includes(0);
    return cut;
  }

  #cutRecords(chunk: CsvChunk, isEnd: boolean): Cut {
    const { bytes } = chunk;
    const hasReturn = hasLoneReturn(bytes);
    const records: CsvRecord[] = [];
    let end = 0;
    while (end < bytes.length) {
      const behind = this.#cutRecord(bytes, end, isEnd);
      if (behind === MORE) return { records, end };
      if (behind === ODD) {
        const line = this.line + countLines(bytes, end, this.#brokenAt, hasReturn);
        return { records, end, broken: { why: this.#broken, line } };
      }
      if (behind - end > this.#longest) return { records, end, broken: { why: 'too long', line: this.line } };
      const lines = this.#hasQuotes ? countLines(bytes, end, behind, hasReturn) : endsLine(bytes, behind);
      const spans = this.#spans;
      const isBlank = spans.length === 2 && spans[0] === spans[1] && bytes[end] !== QUOTE;
      if (!isBlank) records.push(new CutRecord(chunk, spans.slice(), lines, this));
      this.line += lines;
      end = behind;
    }
    return { records, end };
  }

  /**
   * Finds a record's cells.
   * @returns its end with the line end; {@link ODD} or {@link MORE}
   */
  #cutRecord(bytes: Buffer, start: number, isEnd: boolean): number {
    const spans = this.#spans;
    spans.length = 0;
    this.plainQuotes = 0;
    this.#hasQuotes = false;
    for (let at = start; ; at += 1) {
      let end = bytes[at] === this.#quote ? this.#quotedEnd(bytes, at, isEnd) : PLAIN;
      if (end === MORE || (end === ODD && !this.#mayBePlain)) return end;
      if (end >= 0) {
        this.#hasQuotes = true;
        spans.push(at + 1, end);
        at = end + 1;
      } else {
        if (end === ODD) this.plainQuotes += 1;
        end = this.#plainEnd(bytes, at);
        spans.push(at, end);
        at = end;
      }
      if (spans.length > 2 * MAX_COLUMNS) return this.#breakAt('too many columns', start);
      const byte = bytes[at];
      if (byte === this.#delimiter) continue;
      if (byte === LF) return at + 1;
      // The line feed after a carriage return may be the next chunk's first byte.
      if (at + 1 >= bytes.length && !isEnd) return MORE;
      if (byte === CR) return bytes[at + 1] === LF ? at + 2 : at + 1;
      return at;
    }
  }

  /** Position of the quote that ends the cell which begins at `start`. */
  #quotedEnd(bytes: Buffer, start: number, isEnd: boolean): number {
    let end = bytes.indexOf(QUOTE, start + 1);
    while (end !== -1 && bytes[end + 1] === QUOTE) end = bytes.indexOf(QUOTE, end + 2);
    if (end === -1) return isEnd ? this.#breakAt('quote never closed', start) : MORE;
    if (end + 1 === bytes.length) return isEnd ? end : MORE;
    const behind = bytes[end + 1];
    if (behind === this.#delimiter || behind === LF || behind === CR) return end;
    return this.#breakAt('text behind a quote', start);
  }

  #breakAt(why: Broken['why'], at: number): number {
    this.#broken = why;
    this.#brokenAt = at;
    return ODD;
  }

  #plainEnd(bytes: Buffer, start: number): number {
    let at = start;
    for (; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === this.#delimiter || byte === LF || byte === CR) break;
    }
    return at;
  }
}

/** Returned instead of an end: the cell is broken; its end has not arrived yet; it is not quoted. */
const [ODD, MORE, PLAIN] = [-1, -2, -3];

/** 1 if a line end is directly before `behind`, otherwise 0. Only the last record of a file may lack a line end. */
function endsLine(bytes: Buffer, behind: number): number {
  const last = bytes[behind - 1];
  return last === LF || last === CR ? 1 : 0;
}

/** True if there is a carriage return without a line feed. The last byte does not count, because its line feed may follow. */
function hasLoneReturn(bytes: Buffer): boolean {
  for (let at = bytes.indexOf(CR); at !== -1; at = bytes.indexOf(CR, at + 1))
    if (bytes[at + 1] !== LF) return true;
  return false;
}

/**
 * Counts line ends of any kind. Without lone carriage returns a native search is used, because a loop over quoted cells costs a
 * tenth of a build.
 */
function countLines(bytes: Buffer, start: number, end: number, hasReturn: boolean): number {
  let lines = 0;
  if (!hasReturn) {
    for (let at = bytes.indexOf(LF, start); at !== -1 && at < end; at = bytes.indexOf(LF, at + 1)) lines += 1;
    return lines;
  }
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at];
    if (byte === LF || (byte === CR && bytes[at + 1] !== LF)) lines += 1;
  }
  return lines;
}

function invalidLine(records: readonly CsvRecord[]): number {
  const invalid = records.find((record) => !isUtf8(bytesOf(record))) ?? records.at(-1);
  return invalid?.line ?? 1;
}
