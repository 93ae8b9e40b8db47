import { roundPartKey } from '../../../checkpoints/keys.ts';
import { sideBySide } from '../../../concurrency/side-by-side.ts';
import type { ObjectStore, ObjectWriter } from '../../../store/object-store.ts';
import { joinParts, sizeOf } from '../files/downloads.ts';

/** Bytes of the parts of each file, in order: the first one is under the file's own key. */
export type Parts<Name extends string> = Readonly<Record<Name, readonly number[]>>;

/** Files of a shard that are written side by side, in one call of the step, or in parts by several calls. */
export class PartedFiles<Name extends string> {
  readonly #store: ObjectStore;
  readonly #keys: Readonly<Record<Name, string>>;
  /** The parts that earlier calls wrote. */
  readonly #parts: Parts<Name>;
  /** The writers of this call's parts. */
  readonly writers: Readonly<Record<Name, ObjectWriter>>;

  /** @param keys keys of the files, in the order in which they are joined */
  constructor(store: ObjectStore, keys: Readonly<Record<Name, string>>, parts?: Parts<Name>) {
    this.#store = store;
    this.#keys = keys;
    this.#parts = parts ?? mapFiles(keys, () => []);
    this.writers = mapFiles(keys, (key, name) => {
      const nth = this.#parts[name].length + 1;
      return store.write(nth === 1 ? key : roundPartKey(key, nth));
    });
  }

  /**
   * Completes the parts of this call.
   * @param needed files that must exist even if they are empty
   * @returns the parts of all calls
   */
  async close(needed: readonly Name[] = []): Promise<Parts<Name>> {
    const parts: Record<Name, readonly number[]> = { ...this.#parts };
    await sideBySide(namesOf(this.#keys), async (name) => {
      const writer = this.writers[name];
      const isNeeded = needed.includes(name) && parts[name].length === 0;
      if (writer.bytes === 0 && !isNeeded) return writer.abort();
      await writer.close();
      parts[name] = [...parts[name], writer.bytes];
    });
    return parts;
  }

  async abort(): Promise<void> {
    await Promise.all(namesOf(this.#keys).map((name) => this.writers[name].abort()));
  }

  /** Calls {@link joinPartedFiles} for these files. */
  join(all: Parts<Name>): Promise<void> {
    return joinPartedFiles(this.#store, this.#keys, all);
  }
}

/** Joins the parts of each file. Repeating it after a crash changes nothing. */
export async function joinPartedFiles<Name extends string>(
  store: ObjectStore,
  keys: Readonly<Record<Name, string>>,
  all: Parts<Name>,
): Promise<void> {
  for (const name of namesOf(keys)) {
    const parts = all[name];
    if (parts.length < 2 || (await store.stat(keys[name]))?.bytes === sizeOf({ parts })) continue;
    await joinParts(store, keys[name], { parts });
  }
}

/**
 * True if the parts are in the store as they were saved.
 * @param isWhole true if all rows are written, so that an interrupted call may have joined some parts already
 */
export async function hasParts<Name extends string>(
  store: ObjectStore,
  keys: Readonly<Record<Name, string>>,
  { all, isWhole }: { readonly all: Parts<Name>; readonly isWhole: boolean },
): Promise<boolean> {
  for (const name of namesOf(keys)) {
    const key = keys[name];
    const parts = all[name];
    const first = parts.length === 0 ? undefined : await store.stat(key);
    if (isWhole && first?.bytes === sizeOf({ parts })) continue;
    for (const [n, bytes] of parts.entries()) {
      const found = n === 0 ? first : await store.stat(roundPartKey(key, n + 1));
      if (found?.bytes !== bytes) return false;
    }
  }
  return true;
}

function namesOf<Name extends string>(keys: Readonly<Record<Name, string>>): Name[] {
  return Object.keys(keys) as Name[];
}

function mapFiles<Name extends string, Value>(
  keys: Readonly<Record<Name, string>>,
  of: (key: string, name: Name) => Value,
): Record<Name, Value> {
  return Object.fromEntries(namesOf(keys).map((name) => [name, of(keys[name], name)])) as Record<Name, Value>;
}
