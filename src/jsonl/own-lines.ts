import type { ObjectStore, OpenObject, OpenOptions } from '../store/object-store.ts';
import { frameLines } from './lines.ts';

/** Longest line of our own files. A row of 2,048 embeddings of 4,096 floats is about 100 MB. */
export const MAX_OWN_LINE_BYTES = 256 * 1_048_576;

/**
 * The lines of a file that the workflow itself has written, each with its newline, in batches that arrive together.
 * @returns undefined when there is no such file
 * @throws Error on a line that is longer than any that the workflow writes
 */
export async function ownLines(
  store: ObjectStore,
  key: string,
  options: OpenOptions = {},
): Promise<AsyncGenerator<Buffer[], undefined> | undefined> {
  const object = await store.open(key, options);
  return object === undefined ? undefined : readOwn(store.locate(key), object);
}

/** {@link ownLines} of a file that must exist. */
export async function* requiredLines(
  store: ObjectStore,
  key: string,
  options: OpenOptions = {},
): AsyncGenerator<Buffer[], undefined> {
  const lines = await ownLines(store, key, options);
  if (lines === undefined) throw new Error(`There is no ${store.locate(key)}; was it deleted?`);
  return yield* lines;
}

/** The lines of one of our objects, one by one with their newlines, including empty lines; none if the object does not exist. */
export async function* eachOwnLine(
  store: ObjectStore,
  key: string,
  options: OpenOptions = {},
): AsyncGenerator<Buffer, undefined> {
  for await (const lines of (await ownLines(store, key, options)) ?? []) yield* lines;
  return undefined;
}

/** {@link eachOwnLine} of an object that must exist. */
export async function* eachRequiredLine(
  store: ObjectStore,
  key: string,
  options: OpenOptions = {},
): AsyncGenerator<Buffer, undefined> {
  for await (const lines of requiredLines(store, key, options)) yield* lines;
  return undefined;
}

/**
 * Reads the lines of a file one by one with {@link LinesBeside.next}, in step with another file. A reader stops after the last
 * line, before the end of the file is reached, so the file is closed at the end of the reader's scope:
 * `await using lines = new LinesBeside(…)`.
 */
export class LinesBeside implements AsyncDisposable {
  readonly #lines: AsyncGenerator<Buffer, undefined>;

  constructor(lines: AsyncGenerator<Buffer, undefined>) {
    this.#lines = lines;
  }

  /** The lines of one of our objects; none if the object does not exist. */
  static of(store: ObjectStore, key: string): LinesBeside {
    return new LinesBeside(eachOwnLine(store, key));
  }

  next(): Promise<IteratorResult<Buffer, undefined>> {
    return this.#lines.next();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lines.return(undefined);
  }
}

async function* readOwn(name: string, object: OpenObject): AsyncGenerator<Buffer[], undefined> {
  try {
    for await (const lines of frameLines(object.body, MAX_OWN_LINE_BYTES, 'raw')) {
      yield lines.map(({ bytes, number }) => {
        if (bytes !== undefined) return bytes;
        throw new Error(
          `Line ${number} of ${name} is longer than ${MAX_OWN_LINE_BYTES} bytes; was the file changed by hand?`,
        );
      });
    }
    return undefined;
  } finally {
    object.close();
  }
}
