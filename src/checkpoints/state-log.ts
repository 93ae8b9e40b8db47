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

/** How a state that is changed for ever is changed. */
export interface Changing<State> {
  readonly prefix: string;
  /**
   * Returns the state that is to be, or undefined when nothing is to change. It is called again with a later state whenever another
   * writer may have come first, so it must find its own change there and return undefined then.
   * @param nth the number of the change that it makes
   */
  readonly change: (before: State | undefined, nth: number) => State | undefined;
  /** Waits after another writer came first, so that many of them do not meet again. */
  readonly pause: (attempt: number) => Promise<void>;
}

/** Changes that are kept: the last one is the state, and whoever reads it must still find it when the next one comes. */
const KEPT = 3;

/**
 * Changes a state that lives for ever, and deletes changes that later ones have replaced. A writer may be so slow that the change
 * which beat it is deleted already, and its create succeeds in vain: a change counts only when it is then listed as the last one.
 * @returns the state as it is then
 */
export async function changeForever<State>(
  store: ObjectStore,
  { prefix, change, pause }: Changing<State>,
): Promise<State | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const last = await findLastChange(store, prefix);
    const state = last && (await readJson<State>(store, last.key));
    // Replaced and deleted since it was listed.
    if (last !== undefined && state === undefined) continue;
    const nth = (last?.nth ?? 0) + 1;
    const next = change(state, nth);
    if (next === undefined) return state;
    const key = changeKey(prefix, nth);
    const isCreated = await store.createIfAbsent(key, `${JSON.stringify(next)}\n`);
    if (isCreated && (await isLast(store, prefix, key))) return next;
    await pause(attempt);
  }
}

/** Whether a change is the last one; deletes those before it but for a few. */
async function isLast(store: ObjectStore, prefix: string, key: string): Promise<boolean> {
  const keys: string[] = [];
  for await (const listed of store.list(prefix)) keys.push(listed.key);
  for (const replaced of keys.slice(KEPT).toReversed()) await store.delete(replaced);
  return keys[0] === key;
}
