import { expect, test } from 'vitest';
import { toRunObject } from '../../src/checkpoints/to-run.ts';
import { jobObject } from '../../src/checkpoints/job.ts';
import { planObject } from '../../src/checkpoints/plan.ts';
import { MAX_SHARDS, ShardWriter } from '../../src/rows/shard-writer.ts';
import { buildRequests } from '../../src/steps/build-requests.ts';
import { profileOf } from '../rows/build.ts';
import { createMemoryStore } from '../support/memory-store.ts';

const JOB_ID = 'job-1';

test('the shards of a job of billions of rows are listed in the bucket and in no state', async () => {
  const store = createMemoryStore(65_536);
  const shard = { rows: 50_000, invalid: 0, requests: 50_000, bytes: 50_000_000 };
  await jobObject.write(store, JOB_ID, { jobId: JOB_ID, inputs: [], createdAt: '', profile: profileOf({}) });
  const shards = Array.from({ length: MAX_SHARDS }, () => shard);
  const rows = MAX_SHARDS * shard.rows;
  await planObject.write(store, JOB_ID, { rows, invalid: 0, inputTokens: 0, shards, problems: [] });
  expect(rows).toBeGreaterThanOrEqual(1_000_000_000);

  const edges = { store, clock: { now: () => 0 }, random: () => 0, log: () => undefined };
  const context = await buildRequests(edges, { jobId: JOB_ID });

  expect(context).toMatchObject({ toRun: { shards: MAX_SHARDS } });
  expect(JSON.stringify(context).length).toBeLessThan(4_000);
  const items = await toRunObject.require(store, JOB_ID);
  expect(items).toHaveLength(MAX_SHARDS);
  expect(items.at(-1)).toEqual({ shard: MAX_SHARDS - 1, planned: { ...shard, tokens: 0 } });
});

test('an input that needs too many shards is refused with the name of the limit', async () => {
  const limits = { maxBytes: 1_000, maxRows: 1 };
  const plan = { rows: 1, invalid: 0, requests: 1, bytes: 2 };
  const plans = Array.from({ length: MAX_SHARDS }, () => plan);
  const shards = { jobId: JOB_ID, limits, tellsSources: false };
  const writer = await ShardWriter.open(createMemoryStore(100), shards, { plans });

  expect(() => writer.addRequest({ line: Buffer.from('{}\n'), inputs: 1 }, { file: 'a', line: 1 })).toThrow(
    'A job takes at most 80000 shards',
  );
});
