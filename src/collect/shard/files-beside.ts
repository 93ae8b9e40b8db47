import { ownLines } from '../../jsonl/own-lines.ts';
import type { ObjectStore } from '../../store/object-store.ts';

/** Bytes of each file that were read, by its key. */
export type Positions = Readonly<Record<string, number>>;

/** Files of a shard that are read side by side, line by line, from where an earlier call has stopped. */
export class FilesBeside implements AsyncDisposable {
  readonly #store: ObjectStore;
  readonly #from: Positions;
  readonly #files = new Map<string, LinesFrom>();

  constructor(store: ObjectStore, from: Positions = {}) {
    this.#store = store;
    this.#from = from;
  }

  /** The lines of a file; none if it does not exist. */
  of(key: string): LinesFrom {
    const known = this.#files.get(key);
    if (known !== undefined) return known;
    const lines = new LinesFrom(this.#store, key, this.#from[key] ?? 0);
    this.#files.set(key, lines);
    return lines;
  }

  get positions(): Positions {
    const read = [...this.#files].map(([key, { position }]) => [key, position] as const);
    return { ...this.#from, ...Object.fromEntries(read) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const lines of this.#files.values()) await lines[Symbol.asyncDispose]();
  }
}

/** The lines of one of our objects, one by one with their newlines, from a position on. */
class LinesFrom implements AsyncDisposable {
  readonly #store: ObjectStore;
  readonly #key: string;
  #lines: AsyncGenerator<Buffer[], undefined> | undefined;
  #isOpen = false;
  /** Lines that arrived together, and the number of those that were returned. */
  #batch: readonly Buffer[] = [];
  #at = 0;
  /** Bytes of the lines before the next one. */
  position: number;

  constructor(store: ObjectStore, key: string, position: number) {
    this.#store = store;
    this.#key = key;
    this.position = position;
  }

  /** Returns the next line; undefined at the end. */
  async next(): Promise<Buffer | undefined> {
    if (this.#at === this.#batch.length && !(await this.#fill())) return undefined;
    const line = this.#batch[this.#at];
    this.#at += 1;
    this.position += line?.length ?? 0;
    return line;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lines?.return(undefined);
  }

  async #fill(): Promise<boolean> {
    let isFirst = !this.#isOpen && this.position > 0;
    if (!this.#isOpen) {
      // A range that starts at the end of an object cannot be requested, so it starts at the newline before.
      const start = isFirst ? this.position - 1 : 0;
      this.#lines = await ownLines(this.#store, this.#key, { start });
      this.#isOpen = true;
    }
    for (;;) {
      const { value: batch } = (await this.#lines?.next()) ?? {};
      if (batch === undefined) return false;
      this.#batch = batch;
      this.#at = isFirst ? 1 : 0;
      isFirst = false;
      if (this.#at < batch.length) return true;
    }
  }
}
