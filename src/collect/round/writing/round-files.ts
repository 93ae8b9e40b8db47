import { roundKey, roundPartKey, type RoundRef } from '../../../checkpoints/keys.ts';
import { WRITTEN_FILES, type WrittenFile, type WrittenParts } from '../../../checkpoints/round/writing.ts';
import type { ObjectStore, ObjectWriter } from '../../../store/object-store.ts';
import { joinParts, sizeOf } from '../files/downloads.ts';

const NO_PARTS: WrittenParts = { results: [], deadLetters: [], nextRequests: [] };

/** The files of a round, written in one call of the step, or in parts by several calls. */
export class RoundFiles {
  readonly #store: ObjectStore;
  readonly #round: RoundRef;
  /** Of earlier calls. */
  readonly #parts: WrittenParts;
  /** Of this call. */
  readonly writers: Readonly<Record<WrittenFile, ObjectWriter>>;

  constructor(store: ObjectStore, round: RoundRef, parts = NO_PARTS) {
    this.#store = store;
    this.#round = round;
    this.#parts = parts;
    this.writers = eachFile((file) => {
      const key = keyOf(round, file);
      const nth = parts[file].length + 1;
      return store.write(nth === 1 ? key : roundPartKey(key, nth));
    });
  }

  /**
   * Completes the parts of this call.
   * @param needed files that must exist even if they are empty
   * @returns the parts of all calls
   */
  async close(needed: readonly WrittenFile[] = []): Promise<WrittenParts> {
    const parts: Record<WrittenFile, readonly number[]> = { ...this.#parts };
    for (const file of WRITTEN_FILES) {
      const writer = this.writers[file];
      const isNeeded = needed.includes(file) && parts[file].length === 0;
      if (writer.bytes === 0 && !isNeeded) {
        await writer.abort();
        continue;
      }
      await writer.close();
      parts[file] = [...parts[file], writer.bytes];
    }
    return parts;
  }

  async abort(): Promise<void> {
    await Promise.all(Object.values(this.writers).map((writer) => writer.abort()));
  }

  /** Joins the parts of each file. Repeating it after a crash changes nothing. */
  async join(all: WrittenParts): Promise<void> {
    for (const file of WRITTEN_FILES) {
      const key = keyOf(this.#round, file);
      const parts = all[file];
      if (parts.length < 2 || (await this.#store.stat(key))?.bytes === sizeOf({ parts })) continue;
      await joinParts(this.#store, key, { parts });
    }
  }
}

/**
 * True if the parts are in the store as they were saved.
 * @param isWhole true if all rows are written, so that an interrupted call may have joined some parts already
 */
export async function hasParts(
  store: ObjectStore,
  round: RoundRef,
  all: WrittenParts,
  isWhole: boolean,
): Promise<boolean> {
  for (const file of WRITTEN_FILES) {
    const key = keyOf(round, file);
    const parts = all[file];
    const first = parts.length === 0 ? undefined : await store.stat(key);
    if (isWhole && first?.bytes === sizeOf({ parts })) continue;
    for (const [n, bytes] of parts.entries()) {
      const found = n === 0 ? first : await store.stat(roundPartKey(key, n + 1));
      if (found?.bytes !== bytes) return false;
    }
  }
  return true;
}

function keyOf(ref: RoundRef, file: WrittenFile): string {
  if (file === 'nextRequests') return roundKey(ref, ref.round + 1, 'requests.jsonl');
  return roundKey(ref, ref.round, file === 'results' ? 'results.jsonl' : 'dead-letters.jsonl');
}

function eachFile<Value>(of: (file: WrittenFile) => Value): Record<WrittenFile, Value> {
  return { results: of('results'), deadLetters: of('deadLetters'), nextRequests: of('nextRequests') };
}
