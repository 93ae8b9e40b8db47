import { isUtf8 } from 'node:buffer';
import type { Line } from './lines.ts';

/** A JSON object in a file. */
export interface FramedObject extends Line {
  /** Number of its bytes in the file. */
  readonly length: number;
}

/** The position of a line or an object in its file. */
export type Span = Pick<FramedObject, 'number' | 'start' | 'length'>;

/** The content of a line, or of a part of one. */
export interface Framed {
  /** The objects that end in it. */
  readonly objects: readonly FramedObject[];
  /** An object that has no end, because another one begins in this line. */
  readonly lost: Span | undefined;
  /** True if it has anything other than objects and marks between them. */
  readonly hasOther: boolean;
}

const [OPEN, CLOSE, QUOTE, BACKSLASH] = [0x7b, 0x7d, 0x22, 0x5c];
const NEWLINE = Buffer.from('\n');

/**
 * Finds JSON objects in the lines of a file, whatever is between them: several on one line, elements of a list, or one on many
 * lines. Memory: one object, up to the limit.
 */
export class ObjectFramer {
  readonly #maxBytes: number;
  #depth = 0;
  #isInString = false;
  /** True if the last byte was a backslash in a string. */
  #isEscaped = false;
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** The open object so far. */
  #span: Span | undefined;
  /** The line that was pushed last. */
  #line = 0;
  /** Number of lines of the open object before that one. */
  #linesBefore = 0;
  /** Number of spaces at the start of the line that was pushed last, and of the line on which the open object begins. */
  #lineIndent = 0;
  #indent = 0;
  /** True if the open object is printed on many lines: its second line has more spaces in front, and is not text of a string. */
  #isDeeper = false;

  /** @param maxBytes longest object whose bytes are returned */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True within an object. */
  get isOpen(): boolean {
    return this.#depth > 0;
  }

  /** Takes a line without its end, or a part of one. */
  push(part: Part): Framed {
    const { number, start, bytes } = part;
    const lost = this.#beginsAnew(part) ? this.drop() : undefined;
    const objects: FramedObject[] = [];
    let hasOther = false;
    let at = 0;
    while (at < bytes.length) {
      if (!this.isOpen) {
        const from = at;
        const next = bytes.indexOf(OPEN, from);
        at = next === -1 ? bytes.length : next;
        hasOther ||= !hasOnlyMarks(bytes, from, at);
        if (next === -1) break;
        this.#indent = this.#lineIndent;
        this.#span = { number, start: start + at, length: 0 };
      }
      const end = this.#findEnd(bytes, at);
      this.#keep(bytes.subarray(at, end), start + end);
      if (!this.isOpen) objects.push(...this.#finish());
      at = end;
    }
    return { objects, lost, hasOther };
  }

  /** Ends a line. An open object continues in the next one. */
  endLine(): void {
    if (this.isOpen) this.#keep(NEWLINE);
  }

  /** Discards the open object. Returns its position. */
  drop(): Span | undefined {
    const span = this.#span;
    this.#depth = 0;
    this.#isInString = false;
    this.#isEscaped = false;
    this.#clear();
    return span;
  }

  /**
   * True if a line begins another object, although the last one has no end. Within an object on many lines, no other one begins
   * as far left as the object itself, unless nothing is indented.
   */
  #beginsAnew({ number, bytes }: Part): boolean {
    const isLine = number !== this.#line;
    if (!isLine) return false;
    const indent = indentOf(bytes);
    this.#line = number;
    this.#lineIndent = indent;
    if (!this.isOpen) return false;
    this.#linesBefore += 1;
    if (this.#linesBefore === 1) this.#isDeeper = !this.#isInString && indent > this.#indent;
    const isOutside = indent <= this.#indent && (this.#linesBefore === 1 || this.#isDeeper);
    if (!isOutside) return false;
    const head = bytes.toString('latin1', indent, indent + MAX_NAME);
    return (this.#isInString && !this.#isDeeper ? FIRST_FIELD : FIRST_BRACE).test(head);
  }

  /**
   * Adds a piece to the open object, as long as the object is not too long.
   * @param end position in the file after the piece; absent for the end of a line
   */
  #keep(piece: Buffer, end?: number): void {
    this.#bytes += piece.length;
    if (this.#bytes <= this.#maxBytes) this.#pieces.push(piece);
    else this.#pieces = [];
    if (this.#span !== undefined && end !== undefined)
      this.#span = { ...this.#span, length: end - this.#span.start };
  }

  #finish(): FramedObject[] {
    if (this.#span === undefined) return [];
    const bytes = this.#bytes > this.#maxBytes ? undefined : Buffer.concat(this.#pieces);
    // The line ends in the bytes of several lines may differ from those in the file.
    const isExact = bytes?.length === this.#span.length && this.#linesBefore === 0;
    const object = { ...this.#span, bytes, isUtf8: isExact && isUtf8(bytes) };
    this.#clear();
    return [object];
  }

  #clear(): void {
    this.#pieces = [];
    this.#bytes = 0;
    this.#span = undefined;
    this.#linesBefore = 0;
  }

  /** Position after the brace that closes the object, or after the last byte. */
  #findEnd(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === BACKSLASH) this.#isEscaped = true;
        else if (byte === QUOTE) this.#isInString = false;
      } else if (byte === QUOTE) this.#isInString = true;
      else if (byte === OPEN) this.#depth += 1;
      else if (byte === CLOSE) {
        this.#depth -= 1;
        if (this.#depth === 0) return at + 1;
      }
    }
    return bytes.length;
  }
}

/** A line, or a part of one. */
interface Part {
  readonly number: number;
  /** Position of its first byte in the file. */
  readonly start: number;
  readonly bytes: Buffer;
}

const FIRST_BRACE = /^\[?\s*\{/;
/** The first field of an object. Text in a string that spans lines may begin with a brace, too. */
const FIRST_FIELD = /^\[?\s*\{\s*"\w+"\s*:/;
const MAX_NAME = 100;

function indentOf(bytes: Buffer): number {
  let at = 0;
  while (bytes[at] === 0x20 || bytes[at] === 0x09) at += 1;
  return at;
}

/** Bytes between objects: spaces, the brackets and commas of lists, NUL bytes that fill a file, separators, byte order marks. */
const MARKS = new Set(Buffer.from(' \t\r\n[],;}\0\u001e\u00a0\ufeff'));

function hasOnlyMarks(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += 1) if (!MARKS.has(bytes[at] ?? 0)) return false;
  return true;
}

/** True if a text ends with an object, or with marks that may follow one. */
export function endsObject(text: string): boolean {
  const framer = new ObjectFramer(0);
  const { hasOther } = framer.push({ number: 1, start: 0, bytes: Buffer.from(text) });
  return !framer.isOpen && !hasOther;
}
