import { asBuffer, createFramer, type LinePosition } from '../../jsonl/lines.ts';

/** How far a file has been read. */
export interface FileProgress {
  readonly bytes: number;
  /** The offset after the last complete line. */
  readonly position: LinePosition;
}

/** Lines that a file may have for each request, blank ones and those of other batches included, and so many more. */
const LINES_PER_REQUEST = 100;
const SPARE_LINES = 100_000;

/**
 * Whether a provider's file runs on beyond anything that a batch of so many requests could have written: in lines, in one line, or
 * as a whole. A server that sends the same again and again would fill any disk.
 * @param longest bytes of the longest line that is read
 */
export function isEndless({ bytes, position }: FileProgress, requests: number, longest: number): boolean {
  return (
    position.lines > SPARE_LINES + LINES_PER_REQUEST * requests ||
    bytes - position.offset > 2 * longest ||
    bytes > (requests + 2) * longest
  );
}

/** Longest provider line that is read. A row of 2,048 embeddings of 4,096 floats is about 100 MB. */
export const MAX_RESULT_LINE_BYTES = 256 * 1_048_576;

/** Tells chunk by chunk whether what comes {@link isEndless}: for a file that is not read while it comes. */
export function watchForEnd(requests: number): (chunk: Uint8Array) => boolean {
  const framer = createFramer(MAX_RESULT_LINE_BYTES);
  let bytes = 0;
  return (chunk) => {
    bytes += chunk.byteLength;
    framer.push(asBuffer(chunk));
    return isEndless({ bytes, position: framer.position }, requests, MAX_RESULT_LINE_BYTES);
  };
}
