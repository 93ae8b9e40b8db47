import { expect, test } from 'vitest';
import type { Plan, ShardPlan } from '../../src/checkpoints/plan.ts';
import { readShards } from '../../src/status/shard-status.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { openTempFolder } from '../support/temp-folder.ts';

const planOf = (...shards: ShardPlan[]): Plan => ({
  rows: shards.reduce((sum, { rows }) => sum + rows, 0),
  invalid: 0,
  inputTokens: 0,
  shards,
  problems: [],
});

test('reused rows count as done before anything is sent', async () => {
  const store = createFolderStore(await openTempFolder());
  const plan = planOf(
    { rows: 10, invalid: 1, answered: 2, reused: 3, requests: 4, bytes: 400 },
    { rows: 5, invalid: 0, reused: 5, requests: 0, bytes: 0 },
  );

  const [begun, known] = await readShards(store, 'job', plan);

  expect(begun).toMatchObject({ state: 'waiting', counts: { ok: 5, invalid: 1 } });
  expect(known).toMatchObject({ state: 'done', counts: { ok: 5, invalid: 0 } });
});
