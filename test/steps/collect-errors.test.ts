import { describe, expect, test } from 'vitest';
import type { JobContext } from '../../src/contract.ts';
import { withCode } from '../../src/errors.ts';
import { roundKey, stopKey } from '../../src/checkpoints/keys.ts';
import type { BatchProvider } from '../../src/provider/batch-provider.ts';
import { buildRequests } from '../../src/steps/build-requests.ts';
import { collectResults } from '../../src/steps/collect-results.ts';
import { readJson, writeJson } from '../../src/store/json.ts';
import { base, errorLine, JOB_ID, okLine, openShard, polled, providerOf, REF } from './collected-shard.ts';

describe('a stop', () => {
  test('keeps existing results and continues with the next round if the job is started again', async () => {
    const shard = await openShard(3, [], 1);
    const output = okLine('q0') + errorLine('q1', 'BILLING_2003') + errorLine('q2', 'INFERENCE_3107');

    const collected = await shard.collect(undefined, { output });
    const stopped = await shard.write();
    await shard.store.delete(stopKey(JOB_ID));
    const again = (await buildRequests(shard.edges, { jobId: JOB_ID })) as JobContext;
    await shard.collect(
      { round: 2, lastRound: collected.lastRound ?? 0 },
      { output: okLine('q1') + okLine('q2') },
    );
    const resumed = await shard.write();

    expect(collected).toMatchObject({ next: 'stop', lastRound: 2 });
    expect(stopped.summary).toMatchObject({ status: 'failed', counts: { ok: 1, exhausted: 2 } });
    expect(stopped.summary.failure).toMatchObject({ name: 'ProviderDenied', code: 'BILLING_2003' });
    expect(stopped.deadLetters.map(({ custom_id }) => custom_id)).toEqual(['q1', 'q2']);
    expect(again.toRun.shards).toBe(1);
    expect(resumed.summary).toMatchObject({ status: 'succeeded', counts: { ok: 3 } });
    expect(resumed.deadLetters).toEqual([]);
  });

  test('of a shard that could not be sent leaves its rows to a resume', async () => {
    const shard = await openShard(2, [1]);

    const collected = await shard.collectError(
      'ProviderUnavailable',
      'create batch: no answer (ECONNREFUSED). Nothing listens at the base URL.',
    );
    const { summary, results } = await shard.write();

    expect(collected).toMatchObject({ next: 'stop', round: 1 });
    expect(results.map((line) => !line.ok && line.outcome)).toEqual(['exhausted', 'invalid']);
    expect(summary).toMatchObject({ status: 'failed', failure: { name: 'ProviderUnavailable' } });
    expect(summary.advice).toContain('nightshift resume <job>');
    expect(await readJson(shard.store, stopKey(JOB_ID))).toBeUndefined();
  });

  test('is not made if the provider rejects the request: its rows fail', async () => {
    const shard = await openShard(2);

    const collected = await shard.collectError(
      'ProviderRejected',
      withCode('create batch of file file_1: 404 no such model', 'INFERENCE_3001'),
    );
    const { summary, results } = await shard.write();

    expect(collected.next).toBe('done');
    expect(summary).toMatchObject({ status: 'partial', counts: { failed: 2 } });
    expect(results[0]).toMatchObject({ outcome: 'failed', error: { code: 'INFERENCE_3001' } });
  });
});

test('a round with a rejected upload leaves no file of an upload without a response', async () => {
  const shard = await openShard(1);
  const deleted: string[] = [];
  const provider: BatchProvider = {
    ...providerOf(() => ({})),
    findFiles: (name) => Promise.resolve([{ id: `file of ${name}`, name, bytes: 0 }]),
    deleteFile: async (id) => void deleted.push(id),
  };
  await writeJson(shard.store, roundKey(REF, 1, 'uploading.json'), {});

  await collectResults(
    { ...shard.edges, provider: () => provider },
    { ...base, error: { Error: 'ProviderRejected', Cause: '{"errorMessage":"upload: 400"}' } },
  );

  expect(deleted).toEqual(['file of job-1-00000-r1.jsonl']);
});

test('a poll that is refused does not fail the rows of its batch', async () => {
  const shard = await openShard(2);

  const collected = await shard.collectError('ProviderRejected', 'get batch batch_1: 400 bad gateway', {
    ...polled(1, 4),
  });
  const { summary } = await shard.write();
  const again = (await buildRequests(shard.edges, { jobId: JOB_ID })) as JobContext;
  await shard.collect(undefined, { output: okLine('q0') + okLine('q1') });

  expect(collected).toMatchObject({ next: 'stop', round: 1 });
  expect(summary).toMatchObject({ status: 'failed', counts: { failed: 0, exhausted: 2 } });
  expect(again.toRun.shards).toBe(1);
  expect((await shard.write()).summary).toMatchObject({ status: 'succeeded', counts: { ok: 2 } });
});

test('a finished shard is not stopped by a late step', async () => {
  const shard = await openShard(1);
  await shard.collect(undefined, { output: okLine('q0') });

  await shard.collectError('ProviderUnavailable', 'poll batch: no answer.', { round: 2, lastRound: 4 });
  const { summary, results } = await shard.write();

  expect(summary.status).toBe('succeeded');
  expect(results).toMatchObject([{ custom_id: 'q0', ok: true }]);
});
