import { setImmediate as turn } from 'node:timers/promises';
import type fc from 'fast-check';
import { StoreUnavailable } from '../../src/errors.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openTempFolder } from '../support/temp-folder.ts';

/** A store in a new temporary folder. */
export async function openStore(): Promise<ObjectStore> {
  const folder = await openTempFolder();
  return createFolderStore(folder);
}

export async function keysBelow(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

/** The same store, whose files have these versions. */
export function withVersions(store: ObjectStore, versions: Readonly<Record<string, string>>): ObjectStore {
  return {
    ...store,
    stat: async (key) => {
      const found = await store.stat(key);
      return found === undefined ? undefined : { ...found, version: versions[key] };
    },
  };
}

/** Writes a file per key, with the key as its content. */
export async function putAll(store: ObjectStore, keys: readonly string[]): Promise<void> {
  for (const key of keys) await store.put(key, key);
}

/** Orders the calls of several users of a store. The calls run one after the other, in an order that fast-check draws. */
export interface Traffic {
  /** Makes a call when its turn comes. */
  readonly take: <T>(call: () => Promise<T>) => Promise<T>;
  /** Lets the calls run until the work is done. */
  readonly drive: <T>(work: Promise<T>) => Promise<T>;
}

export function createTraffic(scheduler: fc.Scheduler): Traffic {
  const calls = { open: 0 };
  return {
    take: async (call) => {
      await scheduler.schedule(Promise.resolve());
      calls.open += 1;
      try {
        return await call();
      } finally {
        calls.open -= 1;
      }
    },
    drive: async (work) => {
      const progress = { over: false };
      const end = (): void => void (progress.over = true);
      work.then(end, end);
      while (!progress.over) {
        // The draw is only free when every user waits for a turn.
        do await turn();
        while (calls.open > 0);
        if (scheduler.count() > 0) await scheduler.waitNext(1);
      }
      return work;
    },
  };
}

/** A failure of the nth call, counted from 0. */
export interface Crash {
  readonly atCall: number;
  /** Whether the call takes effect, and only its response is lost. */
  readonly answerIsLost: boolean;
}

interface Weather {
  readonly traffic?: Traffic;
  readonly crash?: Crash;
}

/** The same store. Its calls are ordered with those of others, and one may fail. */
export function unsteady(store: ObjectStore, { traffic, crash }: Weather): ObjectStore {
  let calls = 0;
  const call = async <T>(run: () => Promise<T>): Promise<T> => {
    const fails = calls === crash?.atCall;
    calls += 1;
    const answer = async (): Promise<T> => {
      if (fails && !crash.answerIsLost) throw new StoreUnavailable('The call was lost.');
      const result = await run();
      if (fails) throw new StoreUnavailable('The answer was lost.');
      return result;
    };
    return traffic === undefined ? answer() : traffic.take(answer);
  };
  return {
    ...store,
    get: (key, options) => call(() => store.get(key, options)),
    put: (key, bytes) => call(() => store.put(key, bytes)),
    createIfAbsent: (key, bytes) => call(() => store.createIfAbsent(key, bytes)),
    stat: (key) => call(() => store.stat(key)),
    delete: (key) => call(() => store.delete(key)),
    async *list(prefix, options) {
      yield* await call(() => Array.fromAsync(store.list(prefix, options)));
    },
  };
}

/** Repeats the work after each crash until it succeeds. */
export async function insist<T>(
  store: ObjectStore,
  { traffic, crashes }: { readonly traffic: Traffic; readonly crashes: readonly Crash[] },
  run: (store: ObjectStore) => Promise<T>,
): Promise<T> {
  for (const crash of crashes) {
    try {
      return await run(unsteady(store, { traffic, crash }));
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
  }
  return run(unsteady(store, { traffic }));
}
