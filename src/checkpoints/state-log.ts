import { readJson } from '../store/json.ts';
import type { ObjectStore } from '../store/object-store.ts';

/**
 * A state that many writers change, one change at a time: each change is an object of its own, and creating it decides between
 * those who change it at the same time. The last change is the state. Keys count down, so that it is listed first.
 */

const LAST = 99_999_999;

export const changeKey = (prefix: string, nth: number): string =>
  `${prefix}${String(LAST - nth).padStart(8, '0')}.json`;

/** The last change, the n-th, or undefined when there is none. */
export interface LastChange {
  readonly nth: number;
  readonly key: string;
}

export async function findLastChange(store: ObjectStore, prefix: string): Promise<LastChange | undefined> {
  for await (const { key } of store.list(prefix)) return { nth: nthOf(prefix, key), key };
  return undefined;
}

function nthOf(prefix: string, key: string): number {
  return LAST - Number(key.slice(prefix.length, -'.json'.length));
}

/** A change of a state. */
export interface Changing<State> {
  readonly prefix: string;
  /**
   * Returns the state that is to be, or undefined when nothing is to change. It is called again with a later state whenever another
   * writer may have come first. Where old changes are deleted it must find its own change there and return undefined then.
   * @param nth the number of the change that it makes
   */
  readonly change: (before: State | undefined, nth: number) => State | undefined;
  /**
   * Changes that are kept, of a state that lives for ever; those before them are deleted. The last one is the state, and whoever reads
   * it must still find it when the next one comes. Default: all.
   */
  readonly kept?: number;
  /** Waits after another writer came first, so that many of them do not meet again. Default: no wait. */
  readonly pause?: (attempt: number) => Promise<void>;
}

/**
 * Changes a state once. The writer that comes second reads what the first has written, and decides anew.
 * @returns the state as it is then
 */
export async function changeState<State>(
  store: ObjectStore,
  { prefix, change, kept, pause }: Changing<State>,
): Promise<State | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const last = await findLastChange(store, prefix);
    const state = last && (await readJson<State>(store, last.key));
    // Deleted since it was listed.
    if (last !== undefined && state === undefined) continue;
    const nth = (last?.nth ?? 0) + 1;
    const next = change(state, nth);
    if (next === undefined) return state;
    const key = changeKey(prefix, nth);
    const isCreated = await store.createIfAbsent(key, `${JSON.stringify(next)}\n`);
    if (isCreated && (kept === undefined || (await isLast(store, { prefix, key, kept })))) return next;
    await pause?.(attempt);
  }
}

/**
 * Whether a change is the last one; deletes those before it but for a few. A writer may be so slow that the change which beat it is
 * deleted already, and its create succeeds in vain: a change counts only when it is then listed as the last one.
 */
async function isLast(
  store: ObjectStore,
  { prefix, key, kept }: { readonly prefix: string; readonly key: string; readonly kept: number },
): Promise<boolean> {
  const keys: string[] = [];
  for await (const listed of store.list(prefix)) keys.push(listed.key);
  for (const replaced of keys.slice(kept).toReversed()) await store.delete(replaced);
  return keys[0] === key;
}
