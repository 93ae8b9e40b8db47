import { createHash } from 'node:crypto';
import { answerIndexKey } from '../checkpoints/keys.ts';
import type { ObjectStore } from '../store/object-store.ts';
import {
  ENTRY_BYTES,
  moveEntry,
  readChange,
  readEntry,
  readHead,
  wholeEntries,
  writeHead,
} from './answer-index.ts';

/** Two numbers of 64 bits. */
const PAIR_BYTES = 16;

/** The changes of positions in a job's results when some lines are replaced by lines of other lengths. */
export class MovedLines {
  /** Old positions after each replaced line, in order, and the offset of lines from there on. */
  readonly #starts: number[] = [];
  readonly #moves: number[] = [];
  /** Positions of lines that no longer have an entry. */
  readonly #removed = new Set<number>();
  #before: number;
  #after: number;

  /** @param from where the first of these lines starts, before and after; further lines may follow those of earlier calls */
  constructor(from = { before: 0, after: 0 }) {
    this.#before = from.before;
    this.#after = from.after;
  }

  /**
   * Adds the next line in order.
   * @param after its new size
   */
  add(before: number, after: number): void {
    this.#before += before;
    this.#after += after;
    if (before === after) return;
    this.#starts.push(this.#before);
    this.#moves.push(this.#after - this.#before);
  }

  /** Adds the next line, whose answer is deleted. */
  remove(before: number, after: number): void {
    this.#removed.add(this.#before);
    this.add(before, after);
  }

  isRemoved(start: number): boolean {
    return this.#removed.has(start);
  }

  /** True if the entries of an index change. */
  get hasChanges(): boolean {
    return this.#starts.length > 0 || this.#removed.size > 0;
  }

  /** Size of the results before and after. */
  get bytes(): { readonly before: number; readonly after: number } {
    return { before: this.#before, after: this.#after };
  }

  /** The replaced lines, as bytes for {@link load}. */
  dump(): Buffer {
    const bytes = Buffer.alloc(PAIR_BYTES * this.#starts.length);
    for (const [n, start] of this.#starts.entries()) {
      bytes.writeDoubleLE(start, n * PAIR_BYTES);
      bytes.writeDoubleLE(this.#moves[n] ?? 0, n * PAIR_BYTES + PAIR_BYTES / 2);
    }
    return bytes;
  }

  /** Identifies this change, in 48 bits: the same lines always give the same number. */
  get id(): number {
    const removed = Buffer.from(JSON.stringify([this.#before, this.#after, ...this.#removed]));
    return createHash('sha256').update(this.dump()).update(removed).digest().readUIntBE(0, 6);
  }

  /** Adds the replaced lines of an earlier call, in order. */
  load(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += PAIR_BYTES) {
      this.#starts.push(bytes.readDoubleLE(at));
      this.#moves.push(bytes.readDoubleLE(at + PAIR_BYTES / 2));
    }
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
 * Moves the entries of a job's index along with its lines; called before the new results are visible. The index records the size
 * of its results and, because the new results may be as large as the old ones, its last change. A call that is repeated after a
 * crash therefore moves no entry twice.
 */
export async function moveAnswerIndex(store: ObjectStore, jobId: string, lines: MovedLines): Promise<void> {
  const { before, after } = lines.bytes;
  const key = answerIndexKey(jobId);
  const index = lines.hasChanges ? await store.open(key) : undefined;
  if (index === undefined) return;
  const change = lines.id;
  const writer = store.write(key);
  try {
    let isHead = true;
    for await (const bytes of wholeEntries(index.body)) {
      if (isHead && (readHead(bytes) !== before || readChange(bytes) === change)) return await writer.abort();
      if (isHead) await writer.write(writeHead(after, change));
      await writer.write(moveEntries(isHead ? bytes.subarray(ENTRY_BYTES) : bytes, lines));
      isHead = false;
    }
    await writer.close();
  } catch (error) {
    await writer.abort();
    throw error;
  } finally {
    index.close();
  }
}

/**
 * Changes complete entries in place.
 * @returns the entries that stay
 */
function moveEntries(bytes: Buffer, lines: MovedLines): Buffer {
  let end = 0;
  for (let at = 0; at < bytes.length; at += ENTRY_BYTES) {
    const { start } = readEntry(bytes, at);
    if (lines.isRemoved(start)) continue;
    bytes.copy(bytes, end, at, at + ENTRY_BYTES);
    moveEntry(bytes, end, lines.move(start));
    end += ENTRY_BYTES;
  }
  return bytes.subarray(0, end);
}
