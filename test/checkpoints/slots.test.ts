import { expect, test } from 'vitest';
import { takeSlot } from '../../src/checkpoints/slots.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { openTempFolder } from '../support/temp-folder.ts';

test('of two shards that find the same slot free at once, one has it', async () => {
  const store = createFolderStore(await openTempFolder());
  const ask = (jobId: string, hasLetGo: () => Promise<boolean>): Promise<boolean> =>
    takeSlot(store, { provider: 'p', slots: 1, slot: { jobId, shard: 0, at: 1 } }, hasLetGo);
  expect(await ask('ended', async () => true)).toBe(true);
  const isLooking = Promise.withResolvers<undefined>();
  const isTaken = Promise.withResolvers<boolean>();

  const late = ask('late', async () => {
    isLooking.resolve(undefined);
    return isTaken.promise;
  });
  await isLooking.promise;
  const early = await ask('early', async () => true);
  isTaken.resolve(true);

  expect([early, await late]).toEqual([true, false]);
  const { body } = (await store.open('slots/p/0.json')) ?? {};
  const held = Buffer.concat(await Array.fromAsync(body ?? [])).toString('utf8');
  expect(held).toContain('"early"');
});
