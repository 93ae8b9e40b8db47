import { expect, test } from 'vitest';
import { changeLedger } from '../../src/checkpoints/ledger.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { openTempFolder } from '../support/temp-folder.ts';

interface Count {
  readonly count: number;
}

test('changes at the same time are made one after the other, and none is lost', async () => {
  const store = createFolderStore(await openTempFolder());
  const add = (): Promise<Count | undefined> =>
    changeLedger<Count>(store, 'ledger/', (before = { count: 0 }) => ({ count: before.count + 1 }));

  const seen = await Promise.all(Array.from({ length: 20 }, add));

  expect(seen.map((state) => state?.count).toSorted((a = 0, b = 0) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, n) => n + 1),
  );
  expect(await changeLedger<Count>(store, 'ledger/', () => undefined)).toEqual({ count: 20 });
});

test('a change that leaves all as it is writes nothing', async () => {
  const store = createFolderStore(await openTempFolder());
  await changeLedger<Count>(store, 'ledger/', () => ({ count: 1 }));

  await changeLedger<Count>(store, 'ledger/', () => undefined);

  expect(await Array.fromAsync(store.list('ledger/'))).toHaveLength(1);
});
