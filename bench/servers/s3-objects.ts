import { createReadStream } from 'node:fs';

/** Bytes of a file, `end` exclusive. */
export interface Segment {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** An object is a list of pieces of files, so that copying a part moves no bytes, as in S3 and unlike in a folder. */
export interface StoredObject {
  readonly segments: readonly Segment[];
  readonly bytes: number;
}

export function objectOf(segments: readonly Segment[]): StoredObject {
  return { segments, bytes: segments.reduce((sum, { start, end }) => sum + end - start, 0) };
}

/** The segments of a range. */
export function rangeOf({ segments }: StoredObject, start: number, end: number): Segment[] {
  let at = 0;
  return segments.flatMap(({ file, start: first, end: last }) => {
    const from = Math.max(start - at, 0) + first;
    const to = Math.min(end - at + first, last);
    at += last - first;
    return from < to ? [{ file, start: from, end: to }] : [];
  });
}

export async function* readSegments(segments: readonly Segment[]): AsyncGenerator<Buffer> {
  for (const { file, start, end } of segments) {
    yield* createReadStream(file, { start, end: end - 1, highWaterMark: 1_048_576 }) as AsyncIterable<Buffer>;
  }
}
