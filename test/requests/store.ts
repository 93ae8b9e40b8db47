import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type fc from 'fast-check';
import { onTestFinished } from 'vitest';
import { StoreUnavailable } from '../../src/errors.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';

/** A folder of its own for one test. */
export async function openStore(): Promise<ObjectStore> {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-requests-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return createFolderStore(folder);
}

export async function keysBelow(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

/** The same store, which answers as if the files had these versions. */
export function withVersions(store: ObjectStore, versions: Readonly<Record<string, string>>): ObjectStore {
  return {
    ...store,
    stat: async (key) => {
      const found = await store.stat(key);
      return found === undefined ? undefined : { ...found, version: versions[key] };
    },
  };
}

/** Puts a file under each key, with the key for its content. */
export async function putAll(store: ObjectStore, keys: readonly string[]): Promise<void> {
  for (const key of keys) await store.put(key, key);
}

/** Where a store fails: at its nth call, counted from 0. */
export interface Crash {
  readonly atCall: number;
  /** Whether the call is done all the same, and only its answer does not arrive. */
  readonly answerIsLost: boolean;
}

interface Weather {
  /** Decides whose call is next. */
  readonly scheduler?: fc.Scheduler;
  readonly crash?: Crash | undefined;
}

/** The same store, over a network on which calls overtake each other and one may fail. */
export function unsteady(store: ObjectStore, { scheduler, crash }: Weather): ObjectStore {
  let calls = 0;
  const call = async <T>(run: () => Promise<T>): Promise<T> => {
    const fails = calls === crash?.atCall;
    calls += 1;
    await scheduler?.schedule(Promise.resolve());
    if (fails && !crash.answerIsLost) throw new StoreUnavailable('The call was lost.');
    const result = await run();
    if (fails) throw new StoreUnavailable('The answer was lost.');
    return result;
  };
  return {
    ...store,
    get: (key, options) => call(() => store.get(key, options)),
    put: (key, bytes) => call(() => store.put(key, bytes)),
    createIfAbsent: (key, bytes) => call(() => store.createIfAbsent(key, bytes)),
    stat: (key) => call(() => store.stat(key)),
    delete: (key) => call(() => store.delete(key)),
    async *list(prefix, options) {
      await call(() => Promise.resolve());
      for await (const object of store.list(prefix, options)) {
        yield object;
        await scheduler?.schedule(Promise.resolve());
      }
    },
  };
}

/** Does something on a store that fails once per crash, again and again until it is done. */
export async function insist<T>(
  store: ObjectStore,
  {
    scheduler,
    crashes = [],
  }: { readonly scheduler?: fc.Scheduler; readonly crashes?: readonly Crash[] | undefined },
  run: (store: ObjectStore) => Promise<T>,
): Promise<T> {
  const weather = scheduler === undefined ? {} : { scheduler };
  for (const crash of crashes) {
    try {
      return await run(unsteady(store, { ...weather, crash }));
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }
  return run(unsteady(store, weather));
}
