/**
 * Frames bytes into lines on 0x0A alone. `node:readline` also splits at U+2028 and U+2029, which JSON leaves raw inside
 * strings, so it would cut rows in two.
 */

export interface Line {
  /** 1-based, blank lines counted. */
  readonly number: number;
  /** Where its bytes begin in the stream, 0-based. */
  readonly start: number;
  /** `undefined` when it was longer than the bound and was let pass unread. */
  readonly bytes: Buffer | undefined;
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * The lines of a byte stream, in batches: all that end in one chunk together.
 *
 * @param maxBytes longest line that is kept; memory never holds more than this and one chunk
 * @param mode `rows` is for what others wrote: a BOM at the start and one carriage return at a line's end are taken off,
 * blank lines are left out, the last line needs no newline. `raw` is for our own files: every line, with its newline.
 */
export async function* frameLines(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
  mode: 'rows' | 'raw' = 'rows',
): AsyncGenerator<Line[]> {
  const framer = mode === 'rows' ? new LineFramer(maxBytes) : new RawFramer(maxBytes);
  for await (const chunk of chunks) {
    const lines = framer.push(asBuffer(chunk));
    if (lines.length > 0) yield lines;
  }
  const last = framer.end();
  if (last.length > 0) yield last;
}

/** Cuts a stream into lines, each with its newline. */
class RawFramer {
  readonly #maxBytes: number;
  #number = 0;
  /** Pieces of the line that has not ended yet, how long they are, and where they begin. */
  #pieces: Buffer[] = [];
  #bytes = 0;
  #start = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes + BOM.length + 2;
  }

  push(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, end + 1));
      this.#finish(lines);
      from = end + 1;
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
    return lines;
  }

  end(): Line[] {
    const lines: Line[] = [];
    if (this.#bytes > 0) this.#finish(lines);
    return lines;
  }

  /** Counts a piece; keeps it unless the line is too long already, and lets go of what it had then. */
  #keep(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes <= this.#maxBytes) this.#pieces.push(piece);
    else this.#pieces = [];
  }

  #finish(lines: Line[]): void {
    this.#number += 1;
    const bytes = this.#bytes > this.#maxBytes ? undefined : joined(this.#pieces);
    const line = this.trim({ number: this.#number, start: this.#start, bytes });
    if (line !== undefined) lines.push(line);
    this.#start += this.#bytes;
    this.#pieces = [];
    this.#bytes = 0;
  }

  /** What is handed on of a line; `undefined` for nothing. */
  protected trim(line: Line): Line | undefined {
    return line;
  }
}

/** Hands on what a line holds: no line end, no BOM, no blank line. */
class LineFramer extends RawFramer {
  protected override trim({ number, start, bytes }: Line): Line | undefined {
    if (bytes === undefined) return { number, start, bytes };
    const skip = number === 1 && bytes.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0;
    if (isBlank(bytes, skip)) return undefined;
    return { number, start: start + skip, bytes: withoutLineEnd(bytes.subarray(skip)) };
  }
}

function withoutLineEnd(line: Buffer): Buffer {
  const end = line.at(-1) === NEWLINE ? line.length - 1 : line.length;
  return line.subarray(0, line[end - 1] === CARRIAGE_RETURN ? end - 1 : end);
}

function joined(pieces: Buffer[]): Buffer {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces);
}

/** Nothing but spaces, tabs and a line end: there is no row on it. Quick, for a file may be nothing but such lines. */
function isBlank(line: Buffer, from: number): boolean {
  for (let n = from; n < line.length; n += 1) {
    const byte = line[n];
    if (byte !== NEWLINE && byte !== 0x20 && byte !== 0x09 && byte !== CARRIAGE_RETURN) return false;
  }
  return true;
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
