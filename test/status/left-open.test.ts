import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { jobKey, planKey, roundKey, shardKey } from '../../src/checkpoints/keys.ts';
import { readStatus } from '../../src/status/job-status.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { writeJson } from '../../src/store/json.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { HeldExecutions } from '../support/held-executions.ts';

const JOB_ID = 'job-1';
const SHARDS = { done: 0, polled: 1, lost: 2, waiting: 3, twin: 4 };
const ref = (shard: keyof typeof SHARDS) => ({ jobId: JOB_ID, shard: SHARDS[shard] });

/** A job of five shards whose execution was stopped while they ran. */
async function openStoppedJob(): Promise<{ store: ObjectStore; executions: HeldExecutions }> {
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-open-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const store = createFolderStore(folder);
  const profile = { name: 'default', rounds: 4, provider: { name: 'p' } };
  await writeJson(store, jobKey(JOB_ID), { jobId: JOB_ID, profile, inputs: [], createdAt: 'T' });
  const shards = Object.keys(SHARDS).map(() => ({ rows: 2, requests: 2, invalid: 0 }));
  await writeJson(store, planKey(JOB_ID), { rows: 10, invalid: 0, shards, problems: [] });
  const counts = { ok: 2, failed: 0, exhausted: 0, invalid_output: 0, invalid: 0 };
  await writeJson(store, shardKey(ref('done'), 'done.json'), { counts });
  for (const shard of ['polled', 'lost', 'twin'] as const) {
    await writeJson(store, roundKey(ref(shard), 1, 'uploading.json'), {});
    await writeJson(store, roundKey(ref(shard), 1, 'upload.json'), { fileId: `file-${shard}` });
    await writeJson(store, roundKey(ref(shard), 1, 'creating.json'), { at: 1_790_000_000 });
  }
  for (const shard of ['polled', 'twin'] as const)
    await writeJson(store, roundKey(ref(shard), 1, 'batch.json'), {
      batchId: `batch-${shard}`,
      createdAt: 1_790_000_000,
      deadline: 1_790_090_000,
    });
  await writeJson(store, shardKey(ref('polled'), 'progress.json'), {
    round: 1,
    batchId: 'batch-polled',
    status: 'in_progress',
  });
  await writeJson(store, roundKey(ref('twin'), 1, 'twins.json'), {
    twins: [
      { batchId: 'batch-second', status: 'in_progress', phase: 'running', files: {} },
      { batchId: 'batch-third', status: 'cancelled', phase: 'ended', files: {} },
    ],
  });
  return { store, executions: new HeldExecutions() };
}

test('a job whose execution was stopped lists the batches that it left open', async () => {
  const edges = await openStoppedJob();
  await edges.executions.start(JOB_ID, { jobId: JOB_ID });
  await edges.executions.stop(JOB_ID);

  const status = await readStatus(edges, JOB_ID);

  expect(status?.status).toBe('failed');
  expect(status?.open).toMatchObject([
    { shard: 1, batchId: 'batch-polled', status: 'in_progress', files: { input: 'file-polled' } },
    { shard: 2, files: { input: 'file-lost' }, onResume: expect.stringContaining('looks for') as string },
    { shard: 4, batchId: 'batch-twin' },
    { shard: 4, batchId: 'batch-second', error: { code: 'BATCH_TWICE' } },
  ]);
});

test('a running job lists none, because its batches are polled', async () => {
  const edges = await openStoppedJob();
  await edges.executions.start(JOB_ID, { jobId: JOB_ID });

  expect(await readStatus(edges, JOB_ID)).not.toHaveProperty('open');
});
