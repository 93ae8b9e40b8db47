import type { Edges } from '../edges.ts';

/** Error for reading that has reached its limit of time or bytes. */
export class TooMuchToRead extends Error {
  override readonly name = 'TooMuchToRead';
}

/** Limits for reading an object: a time, in milliseconds since 1970, and a number of bytes. */
export interface ReadLimit {
  readonly until: number;
  readonly bytes?: number;
}

/**
 * The bytes of an object.
 * @throws TooMuchToRead when a limit is reached before its end, or the time of the step is nearly over
 */
export async function* readUntil(
  { store, clock, time }: Pick<Edges, 'store' | 'clock' | 'time'>,
  key: string,
  { until, bytes = Number.POSITIVE_INFINITY }: ReadLimit,
): AsyncGenerator<Uint8Array> {
  const object = await store.open(key);
  if (object === undefined) throw new Error(`There is no ${store.locate(key)}.`);
  let read = 0;
  try {
    for await (const chunk of object.body) {
      if (clock.now() > until || read > bytes || time?.isOver() === true)
        throw new TooMuchToRead(`${store.locate(key)} cannot be read within the limits of time and size.`);
      read += chunk.length;
      yield chunk;
    }
  } finally {
    object.close();
  }
}
