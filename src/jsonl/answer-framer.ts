import { createFramer, type Framer, type Line, type LinePosition } from './lines.ts';
import { ObjectFramer, type Framed } from './object-framer.ts';

/** Longest line that is kept as a whole, in bytes. A longer one may contain a whole file. */
const LONG_BYTES = 16 * 1_048_576;

const NEWLINE = 0x0a;

/** A line, or the content of a part of a long line. */
export type FramedLine = Line | (Framed & LongPart);

/** A part of a line that is longer than {@link LONG_BYTES}. */
interface LongPart {
  readonly number: number;
  readonly start: number;
}

/** Splits a provider's file into lines, and very long lines into the objects on them. */
export class AnswerFramer {
  readonly #maxBytes: number;
  readonly #objects: ObjectFramer;
  #lines: Framer;
  /** Position of the long line's next byte; undefined outside of a long line. */
  #long: LongPart | undefined;
  /** Position in the long line after its last object. */
  #behind = 0;

  /** @param objects may have an open object, which then continues in a long line */
  constructor(maxBytes: number, objects = new ObjectFramer(maxBytes)) {
    this.#maxBytes = maxBytes;
    this.#objects = objects;
    this.#lines = createFramer(maxBytes);
  }

  /** Position after the last complete line or object. */
  get position(): LinePosition {
    if (this.#long === undefined) return this.#lines.position;
    return { lines: this.#long.number - 1, offset: this.#behind };
  }

  push(chunk: Buffer): FramedLine[] {
    const begun = this.#long;
    if (begun === undefined) return this.#pushLines(chunk);
    const end = chunk.indexOf(NEWLINE);
    const framed = this.#pushLong(begun, end === -1 ? chunk : chunk.subarray(0, end));
    if (end === -1) return [framed];
    this.#objects.endLine();
    this.#long = undefined;
    const from = { lines: begun.number, offset: begun.start + end + 1 };
    this.#lines = createFramer(this.#maxBytes, 'rows', from);
    return [framed, ...this.#pushLines(chunk.subarray(end + 1))];
  }

  end(): FramedLine[] {
    return this.#long === undefined ? this.#lines.end() : [];
  }

  #pushLines(chunk: Buffer): FramedLine[] {
    const lines: FramedLine[] = this.#lines.push(chunk);
    if (this.#lines.unfinished <= LONG_BYTES) return lines;
    const { lines: before, offset } = this.#lines.position;
    const bytes = this.#lines.takeUnfinished();
    this.#behind = offset;
    return [...lines, this.#pushLong({ number: before + 1, start: offset }, bytes)];
  }

  #pushLong({ number, start }: LongPart, bytes: Buffer): FramedLine {
    this.#long = { number, start: start + bytes.length };
    const framed = this.#objects.push({ number, start, bytes });
    const last = framed.objects.at(-1);
    if (last !== undefined) this.#behind = last.start + last.length;
    return { number, start, ...framed };
  }
}
