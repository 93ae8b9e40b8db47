import fc from 'fast-check';
import { expect, test } from 'vitest';
import { changeState, findLastChange } from '../../src/checkpoints/state-log.ts';
import { readJson } from '../../src/store/json.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { createTraffic, unsteady } from '../requests/store.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { openTempFolder } from '../support/temp-folder.ts';

const PREFIX = 'state/';

/** Each writer adds its name once. */
async function addName(store: ObjectStore, name: string): Promise<void> {
  await changeState<readonly string[]>(store, {
    prefix: PREFIX,
    kept: 3,
    change: (before = []) => (before.includes(name) ? undefined : [...before, name]),
    pause: () => Promise.resolve(),
  });
}

async function lastState(store: ObjectStore): Promise<unknown> {
  const last = await findLastChange(store, PREFIX);
  return last && readJson(store, last.key);
}

test('no change is lost or made twice in any order of the calls of the writers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), fc.integer({ min: 2, max: 7 }), async (scheduler, writers) => {
      const plain = createMemoryStore(1_024);
      const traffic = createTraffic(scheduler);
      const store = unsteady(plain, { traffic });
      const names = Array.from({ length: writers }, (_, n) => `writer ${n}`);

      await traffic.drive(Promise.all(names.map((name) => addName(store, name))));

      expect((await lastState(plain)) as string[]).toHaveLength(writers);
      expect(((await lastState(plain)) as string[]).toSorted()).toEqual(names);
    }),
    { numRuns: 100 },
  );
});

test('a change is made again if it comes so late that the changes after it are already deleted', async () => {
  const store = createMemoryStore(1_024);
  const reached = Promise.withResolvers<undefined>();
  const others = Promise.withResolvers<undefined>();
  const late: ObjectStore = {
    ...store,
    async createIfAbsent(key, bytes) {
      reached.resolve(undefined);
      await others.promise;
      return store.createIfAbsent(key, bytes);
    },
  };

  const adding = addName(late, 'late');
  await reached.promise;
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await addName(store, name);
  others.resolve(undefined);
  await adding;

  expect(await lastState(store)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'late']);
});

test('a state that is changed for ever needs only a few objects', async () => {
  const store = createFolderStore(await openTempFolder());
  await Promise.all(Array.from({ length: 20 }, (_, n) => addName(store, `writer ${n}`)));

  expect((await Array.fromAsync(store.list(PREFIX))).length).toBeLessThanOrEqual(3);
  expect((await lastState(store)) as string[]).toHaveLength(20);
});

interface Count {
  readonly count: number;
}

test('changes at the same time are made one after the other and none is lost', async () => {
  const store = createFolderStore(await openTempFolder());
  const change = (before: Count = { count: 0 }): Count => ({ count: before.count + 1 });
  const add = (): Promise<Count | undefined> => changeState<Count>(store, { prefix: PREFIX, change });

  const seen = await Promise.all(Array.from({ length: 20 }, add));

  expect(seen.map((state) => state?.count).toSorted((a = 0, b = 0) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, n) => n + 1),
  );
  expect(await changeState<Count>(store, { prefix: PREFIX, change: () => undefined })).toEqual({ count: 20 });
});

test('a change without effect writes nothing', async () => {
  const store = createFolderStore(await openTempFolder());
  await changeState<Count>(store, { prefix: PREFIX, change: () => ({ count: 1 }) });

  await changeState<Count>(store, { prefix: PREFIX, change: () => undefined });

  expect(await Array.fromAsync(store.list(PREFIX))).toHaveLength(1);
});
