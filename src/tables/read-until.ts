import type { Edges } from '../edges.ts';

/** Thrown when the time is over: the rest is left unread. */
export class TooMuchToRead extends Error {
  override readonly name = 'TooMuchToRead';
}

/** An object's bytes. @throws TooMuchToRead when the time, in milliseconds since 1970, has come before its end */
export async function* readUntil(
  { store, clock }: Pick<Edges, 'store' | 'clock'>,
  key: string,
  until: number,
): AsyncGenerator<Uint8Array> {
  const object = await store.open(key);
  if (object === undefined) throw new Error(`There is no ${store.locate(key)}.`);
  try {
    for await (const chunk of object.body) {
      if (clock.now() > until)
        throw new TooMuchToRead(`${store.locate(key)} takes longer to read than there is time.`);
      yield chunk;
    }
  } finally {
    object.close();
  }
}
