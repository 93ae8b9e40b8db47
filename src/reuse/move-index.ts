import { answerIndexKey } from '../checkpoints/keys.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { ENTRY_BYTES, moveEntry, readEntry, readHead, wholeEntries, writeHead } from './answer-index.ts';

/** How positions of a job's results change when some lines are replaced by lines of other lengths. */
export class MovedLines {
  /** Old positions after each replaced line, in order, and the offset of lines from there on. */
  readonly #starts: number[] = [];
  readonly #moves: number[] = [];
  #before = 0;
  #after = 0;

  /** Adds the next line in order. @param after its new size */
  add(before: number, after: number): void {
    this.#before += before;
    this.#after += after;
    if (before === after) return;
    this.#starts.push(this.#before);
    this.#moves.push(this.#after - this.#before);
  }

  get areMoved(): boolean {
    return this.#starts.length > 0;
  }

  /** Size of the results before and after. */
  get bytes(): { readonly before: number; readonly after: number } {
    return { before: this.#before, after: this.#after };
  }

  /** The new position of a line. */
  move(start: number): number {
    let [from, to] = [0, this.#starts.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#starts[middle] ?? 0) <= start) from = middle + 1;
      else to = middle;
    }
    return start + (this.#moves[from - 1] ?? 0);
  }
}

/**
 * Moves the entries of a job's index along with its lines; called before the new results are visible. The index names the results
 * that it describes, so that a call repeated after a crash moves nothing twice.
 */
export async function moveAnswerIndex(store: ObjectStore, jobId: string, lines: MovedLines): Promise<void> {
  const { before, after } = lines.bytes;
  const key = answerIndexKey(jobId);
  const index = lines.areMoved ? await store.open(key) : undefined;
  if (index === undefined) return;
  const writer = store.write(key);
  try {
    let isHead = true;
    for await (const bytes of wholeEntries(index.body)) {
      if (isHead && readHead(bytes) !== before) return await writer.abort();
      if (isHead) writeHead(after).copy(bytes);
      for (let at = isHead ? ENTRY_BYTES : 0; at < bytes.length; at += ENTRY_BYTES)
        moveEntry(bytes, at, lines.move(readEntry(bytes, at).start));
      isHead = false;
      await writer.write(bytes);
    }
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  } finally {
    index.close();
  }
}
