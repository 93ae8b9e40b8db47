import { isUtf8 } from 'node:buffer';
import { InvalidInput } from '../../errors.ts';
import { notUtf8 } from './encoding.ts';

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const BLANK = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** The reason why a document cannot be cut into elements. */
export type Brokenness = 'not a document' | 'malformed' | 'cut off' | 'more than one value';

export interface CutterOptions {
  readonly name: string;
  /** Longest element, in bytes. */
  readonly maxBytes: number;
  /** Creates the error for a text that is not exactly one array or object, after this number of its elements. */
  readonly rejection: (why: Brokenness, isArray: boolean, elements: number) => Error;
}

/**
 * Cuts one JSON document, an array or an object, into the texts of its elements or entries. Does not parse them, so that numbers
 * keep their digits; the caller must validate the texts.
 */
export class ElementCutter {
  readonly #options: CutterOptions;
  /** True if the document is an array; undefined before its first byte. */
  isArray: boolean | undefined;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #isClosed = false;
  #elements = 0;
  /** Pieces of the current, incomplete element. */
  #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(options: CutterOptions) {
    this.#options = options;
  }

  /** The beginning of the current, incomplete element. */
  get start(): Buffer {
    return Buffer.concat(this.#pieces.slice(0, 2)).subarray(0, 1_000);
  }

  push(chunk: Buffer): Buffer[] {
    const elements: Buffer[] = [];
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      if (this.#inString) this.#withinString(byte);
      else if (byte === QUOTE && this.#depth > 0) this.#inString = true;
      else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
        if (this.#depth === 0) {
          this.#begin(byte);
          from = at + 1;
        }
        this.#depth += 1;
      } else if (byte === COMMA && this.#depth === 1) {
        elements.push(this.#end(chunk.subarray(from, at)));
        from = at + 1;
      } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
        this.#depth -= 1;
        if (this.#depth <= 0) this.#close(byte, chunk.subarray(from, at), elements);
      } else if (this.#depth === 0 && !BLANK.has(byte))
        throw this.#rejection(this.#isClosed && byte < 0x80 ? 'more than one value' : 'not a document');
    }
    if (this.#depth > 0) this.#keep(chunk.subarray(from));
    return elements;
  }

  /**
   * Ends the document.
   * @throws when the document is not closed.
   * @returns false if there was none
   */
  end(): boolean {
    if (this.isArray !== undefined && !this.#isClosed) throw this.#rejection('cut off');
    return this.isArray !== undefined;
  }

  #withinString(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) this.#inString = false;
  }

  #begin(byte: number): void {
    if (this.#isClosed) throw this.#rejection('more than one value');
    this.isArray = byte === OPEN_ARRAY;
  }

  #close(byte: number, last: Buffer, elements: Buffer[]): void {
    if (this.#depth < 0) throw this.#rejection(this.#isClosed ? 'more than one value' : 'not a document');
    if ((byte === CLOSE_ARRAY) !== this.isArray) throw this.#rejection('malformed');
    this.#isClosed = true;
    const isEmpty =
      this.#elements === 0 &&
      [...this.#pieces, last].every((piece) => piece.every((each) => BLANK.has(each)));
    if (!isEmpty) elements.push(this.#end(last));
    this.#pieces = [];
    this.#bytes = 0;
  }

  #end(last: Buffer): Buffer {
    this.#keep(last);
    const [only] = this.#pieces;
    const element = this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
    this.#elements += 1;
    if (!isUtf8(element)) throw notUtf8(this.#options.name);
    return element;
  }

  #keep(piece: Buffer): void {
    const { name, maxBytes } = this.#options;
    if (piece.length > 0) this.#pieces.push(piece);
    this.#bytes += piece.length;
    if (this.#bytes > maxBytes) throw new InvalidInput(`${name} has a row of more than ${maxBytes} bytes.`);
  }

  #rejection(why: Brokenness): Error {
    return this.#options.rejection(why, this.isArray ?? false, this.#elements);
  }
}
