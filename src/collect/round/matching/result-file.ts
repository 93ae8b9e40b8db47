import { AnswerFramer, type FramedLine } from '../../../jsonl/answer-framer.ts';
import { asBuffer, type Line } from '../../../jsonl/lines.ts';
import { ObjectFramer, type Framed, type FramedObject, type Span } from '../../../jsonl/object-framer.ts';
import { isEndless, MAX_RESULT_LINE_BYTES } from '../files/endless-file.ts';
import type { ChunkSink } from '../files/fetch-file.ts';

/** A line that is not the line of a row. */
export interface RowlessLine {
  /** Its custom_id, if it has a readable one. */
  readonly id: string | undefined;
  /** True if it is not a JSON object. */
  readonly isText: boolean;
}

/** Takes the content of a file. */
export interface LineTaker {
  /**
   * Takes a line or an object of `length` bytes.
   * @returns undefined if it is the line of a row
   */
  readonly take: (line: Line, length: number) => RowlessLine | undefined;
  /** Takes a line or an object without a row. */
  readonly takeStray: (range: Span, id: string | undefined) => void;
}

/**
 * Finds the answers in a provider's file: a sequence of JSON objects, however it is framed. Usually each line is one. Only in lines
 * that cannot be read alone, it searches for several objects on a line, elements of a list, and objects on many lines.
 */
export class ResultFile implements ChunkSink {
  readonly #requests: number;
  readonly #taker: LineTaker;
  readonly #objects = new ObjectFramer(MAX_RESULT_LINE_BYTES);
  readonly #framer = new AnswerFramer(MAX_RESULT_LINE_BYTES, this.#objects);
  #bytes = 0;

  constructor(requests: number, taker: LineTaker) {
    this.#requests = requests;
    this.#taker = taker;
  }

  push(chunk: Uint8Array): boolean {
    this.#bytes += chunk.byteLength;
    this.#takeAll(this.#framer.push(asBuffer(chunk)));
    const progress = { bytes: this.#bytes, position: this.#framer.position };
    return isEndless(progress, this.#requests, MAX_RESULT_LINE_BYTES);
  }

  end(): void {
    this.#takeAll(this.#framer.end());
    this.#giveUp(this.#objects.drop());
  }

  #takeAll(lines: readonly FramedLine[]): void {
    for (const line of lines) {
      if ('objects' in line) this.#takeParts(line, { number: line.number, start: line.start, length: 0 });
      else this.#takeLine(line);
    }
  }

  #takeLine(line: Line): void {
    const length = line.bytes?.length ?? 0;
    const rowless = this.#taker.take(line, length);
    if (rowless !== undefined) this.#takeRowless(line, length, rowless);
    // A row's own line follows, so the object before it has no end.
    else if (this.#objects.isOpen) this.#giveUp(this.#objects.drop());
  }

  #takeRowless({ number, start, bytes }: Line, length: number, { id, isText }: RowlessLine): void {
    const span = { number, start, length };
    if (bytes === undefined || (!isText && !this.#objects.isOpen)) return this.#taker.takeStray(span, id);
    this.#takeParts(this.#objects.push({ number, start, bytes }), span);
    this.#objects.endLine();
  }

  #takeParts({ objects, lost, hasOther }: Framed, range: Span): void {
    this.#giveUp(lost);
    for (const object of objects) this.#takeObject(object);
    if (hasOther && !this.#objects.isOpen) this.#taker.takeStray(range, undefined);
  }

  #takeObject(object: FramedObject): void {
    const rowless = this.#taker.take(object, object.length);
    if (rowless === undefined) return;
    const { number, start, bytes } = object;
    const length = bytes === undefined ? 0 : object.length;
    this.#taker.takeStray({ number, start, length }, rowless.id);
  }

  /** Reports an object that has no end. */
  #giveUp(span: Span | undefined): void {
    if (span === undefined) return;
    const isTooLong = span.length > MAX_RESULT_LINE_BYTES;
    this.#taker.takeStray(isTooLong ? { ...span, length: 0 } : span, undefined);
  }
}
