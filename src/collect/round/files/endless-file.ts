import { AnswerFramer } from '../../../jsonl/answer-framer.ts';
import { asBuffer, type LinePosition } from '../../../jsonl/lines.ts';

/** How much of a file has been read. */
export interface FileProgress {
  readonly bytes: number;
  /** The offset after the last complete line or object. */
  readonly position: LinePosition;
}

/**
 * Lines that a file may have per request, including blank lines and those of other batches, and a constant number of additional
 * lines.
 */
const LINES_PER_REQUEST = 100;
const SPARE_LINES = 100_000;

/**
 * Average length of short lines, in bytes. An answer that is printed on many lines may have a short line for each number of a
 * vector; a line with a whole answer is longer.
 */
const SHORT_BYTES = 64;
const SHORT_LINES_PER_REQUEST = 20_000;

/**
 * True if a provider's file is longer than a batch with this many requests could have written: in lines, in one line, or as a
 * whole. A server that repeats its data without end would fill any disk.
 * @param longest most bytes of a line
 */
export function isEndless({ bytes, position }: FileProgress, requests: number, longest: number): boolean {
  const areShort = position.offset < SHORT_BYTES * position.lines;
  const perRequest = areShort ? SHORT_LINES_PER_REQUEST : LINES_PER_REQUEST;
  return (
    position.lines > SPARE_LINES + perRequest * requests ||
    bytes - position.offset > 2 * longest ||
    bytes > (requests + 2) * longest
  );
}

/** Longest provider line that is read. A row of 2,048 embeddings of 4,096 floats is about 100 MB. */
export const MAX_RESULT_LINE_BYTES = 256 * 1_048_576;

/** Checks {@link isEndless} chunk by chunk, for a file that is downloaded without being read. */
export function watchForEnd(requests: number): (chunk: Uint8Array) => boolean {
  const framer = new AnswerFramer(MAX_RESULT_LINE_BYTES);
  let bytes = 0;
  return (chunk) => {
    bytes += chunk.byteLength;
    framer.push(asBuffer(chunk));
    return isEndless({ bytes, position: framer.position }, requests, MAX_RESULT_LINE_BYTES);
  };
}
