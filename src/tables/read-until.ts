import type { Edges } from '../edges.ts';

/** Thrown when the time is over, or enough is read: the rest is left unread. */
export class TooMuchToRead extends Error {
  override readonly name = 'TooMuchToRead';
}

/** How far an object is read: until a time, in milliseconds since 1970, and so many bytes. */
export interface ReadLimit {
  readonly until: number;
  readonly bytes?: number;
}

/** An object's bytes. @throws TooMuchToRead when a limit is reached before its end */
export async function* readUntil(
  { store, clock }: Pick<Edges, 'store' | 'clock'>,
  key: string,
  { until, bytes = Number.POSITIVE_INFINITY }: ReadLimit,
): AsyncGenerator<Uint8Array> {
  const object = await store.open(key);
  if (object === undefined) throw new Error(`There is no ${store.locate(key)}.`);
  let read = 0;
  try {
    for await (const chunk of object.body) {
      if (clock.now() > until || read > bytes)
        throw new TooMuchToRead(`${store.locate(key)} is larger than what is read of it.`);
      read += chunk.length;
      yield chunk;
    }
  } finally {
    object.close();
  }
}
