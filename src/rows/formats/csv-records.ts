import { isUtf8 } from 'node:buffer';

/** What a decoder puts for bytes that are no UTF-8. */
export const REPLACEMENT = '\ufffd';

const [QUOTE, CR, LF] = [0x22, 0x0d, 0x0a];

/** A record of a table, still in its bytes. */
export interface CsvRecord {
  /** 1-based, the one it begins on. */
  readonly line: number;
  readonly chunk: CsvChunk;
  /** Cell n is from `spans[2 * n]` to `spans[2 * n + 1]`, without its quotes; a quote inside of it is doubled. */
  readonly spans: readonly number[];
}

/** Bytes that many records share. */
export interface CsvChunk {
  readonly bytes: Buffer;
  /** Whether its whole records are valid UTF-8, and without NUL and what stands for unreadable bytes. */
  isPlain: boolean;
}

/** What could be cut off the start of some bytes. */
export interface Cut {
  readonly records: readonly CsvRecord[];
  /** Where the first record begins that was not cut. */
  readonly end: number;
  /** It is one that only a parser knows what to say of; else there is just more to come of it. */
  readonly isOdd: boolean;
}

export function cellsOf({ chunk: { bytes }, spans }: CsvRecord): string[] {
  const cells: string[] = [];
  for (let n = 0; n < spans.length; n += 2) {
    const cell = bytes.toString('utf8', spans[n], spans[n + 1]);
    cells.push(cell.includes('"') ? cell.replaceAll('""', '"') : cell);
  }
  return cells;
}

/**
 * Cuts records out of bytes that keep to RFC 4180, and leaves everything else: a quote where none belongs, one that is
 * never closed. Several times as fast as a parser that copes with anything; equal to it under a property test.
 */
export class RecordCutter {
  readonly #delimiter: number;
  readonly #longest: number;
  /** The line that the next record begins on. */
  line = 1;

  /** @param longest records of more bytes are left, too */
  constructor(delimiter: string, longest: number) {
    this.#delimiter = delimiter.charCodeAt(0);
    this.#longest = longest;
  }

  /** @param isEnd there is nothing behind these */
  cut(bytes: Buffer, isEnd: boolean): Cut {
    const chunk: CsvChunk = { bytes, isPlain: false };
    const cut = this.#cutRecords(chunk, isEnd);
    const whole = bytes.subarray(0, cut.end);
    chunk.isPlain = isUtf8(whole) && !whole.includes(0) && !whole.includes(REPLACEMENT);
    return cut;
  }

  #cutRecords(chunk: CsvChunk, isEnd: boolean): Cut {
    const { bytes } = chunk;
    const records: CsvRecord[] = [];
    let end = 0;
    while (end < bytes.length) {
      const spans: number[] = [];
      const behind = this.#cutRecord(bytes, end, isEnd, spans);
      if (behind < 0 || behind - end > this.#longest) return { records, end, isOdd: behind !== MORE };
      const isBlank = spans.length === 2 && spans[0] === spans[1] && bytes[end] !== QUOTE;
      if (!isBlank) records.push({ line: this.line, chunk, spans });
      this.line += countLines(bytes, end, behind);
      end = behind;
    }
    return { records, end, isOdd: false };
  }

  /** Finds a record's cells. @returns where it ends, line end included; {@link ODD} or {@link MORE} */
  #cutRecord(bytes: Buffer, start: number, isEnd: boolean, spans: number[]): number {
    for (let at = start; ; at += 1) {
      const isQuoted = bytes[at] === QUOTE;
      const end = isQuoted ? closingQuote(bytes, at + 1, isEnd) : this.#plainEnd(bytes, at);
      if (end < 0) return end;
      spans.push(isQuoted ? at + 1 : at, end);
      at = isQuoted ? end + 1 : end;
      const byte = bytes[at];
      if (byte === this.#delimiter) continue;
      if (byte === LF) return at + 1;
      // The line feed of a carriage return may be the next chunk's first byte.
      if (at + 1 >= bytes.length && !isEnd) return MORE;
      if (byte === CR) return bytes[at + 1] === LF ? at + 2 : at + 1;
      return at === bytes.length ? at : ODD;
    }
  }

  #plainEnd(bytes: Buffer, start: number): number {
    for (let at = start; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === this.#delimiter || byte === LF || byte === CR) return at;
      if (byte === QUOTE) return ODD;
    }
    return bytes.length;
  }
}

/** Of a record that is not cut: it does not keep to the rules, or its end is not there yet. */
const [ODD, MORE] = [-1, -2];

/** The quote that ends a cell; one inside of it is doubled. */
function closingQuote(bytes: Buffer, start: number, isEnd: boolean): number {
  let at = bytes.indexOf(QUOTE, start);
  while (at !== -1 && bytes[at + 1] === QUOTE) at = bytes.indexOf(QUOTE, at + 2);
  if (at === -1) return isEnd ? ODD : MORE;
  return at;
}

/** Line ends, of whichever kind. */
function countLines(bytes: Buffer, start: number, end: number): number {
  let lines = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at];
    if (byte === LF || (byte === CR && bytes[at + 1] !== LF)) lines += 1;
  }
  return lines;
}
