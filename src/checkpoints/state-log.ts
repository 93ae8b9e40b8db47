import { readJson } from '../store/json.ts';
import type { ObjectStore } from '../store/object-store.ts';

/**
 * A state that many writers change, one change at a time. Each change is a separate object; when writers collide, the one that
 * creates the object wins. The last change is the current state. Keys count down, so that it is listed first.
 */

const LAST = 99_999_999;

export const changeKey = (prefix: string, nth: number): string =>
  `${prefix}${String(LAST - nth).padStart(8, '0')}.json`;

/** The last change with its number, or undefined if there is none. */
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

/** How to change a state. */
export interface Changing<State> {
  readonly prefix: string;
  /**
   * Returns the new state, or undefined to change nothing. It is called again with a later state if another writer may have
   * come first. If replaced changes are deleted, it must recognise its own change in that state, and then return undefined.
   * @param nth the number of the change that it makes
   */
  readonly change: (before: State | undefined, nth: number) => State | undefined;
  /**
   * Number of changes that are kept, for a state that changes without end. A reader must still find the last change while the
   * next one is written. Default: all.
   */
  readonly kept?: number;
  /** Pauses after another writer came first, so that the writers do not collide again. Default: no pause. */
  readonly pause?: (attempt: number) => Promise<void>;
}

/**
 * Changes a state once. When two writers collide, the one that creates the object wins; the other one reads that change and decides
 * again.
 * @returns the state after the change
 */
export async function changeState<State>(
  store: ObjectStore,
  { prefix, change, kept, pause }: Changing<State>,
): Promise<State | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const last = await findLastChange(store, prefix);
    const state = last && (await readJson<State>(store, last.key));
    // It was replaced and deleted after it was listed.
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
 * True if a change is the last one. Also deletes the earlier changes, except a few. If a writer is very slow, the change of the
 * other writer may already be deleted when it creates its own, so that its create succeeds by mistake. Therefore a change counts
 * only if it is then listed as the last one.
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
