import { describe, expect, test } from 'vitest';
import { planKey, roundKey, stopKey } from '../../src/checkpoints/keys.ts';
import { buildRequests } from '../../src/steps/build-requests.ts';
import { writeJson } from '../../src/store/json.ts';
import {
  base,
  errorLine,
  expired,
  ids,
  JOB_ID,
  lateIn,
  okLine,
  openShard,
  REF,
  requestsOf,
  type Round,
} from './collected-shard.ts';

describe('a round', () => {
  test('reads the output and the error file, in any order, and defers retriable rows', async () => {
    const shard = await openShard(4);
    const output = okLine('q3') + errorLine('q1', 'INFERENCE_3107') + okLine('q0');

    const collected = await shard.collect(undefined, { output, errors: errorLine('q2', 'INFERENCE_3207') });

    expect(collected).toMatchObject({ ...base, next: 'retry', round: 2, lastRound: 4, waitSeconds: 54 });
    expect(await requestsOf(shard.store, 2)).toEqual(['q1']);
  });

  test('is not waited for if the job is stopped', async () => {
    const shard = await openShard(2);
    await writeJson(shard.store, stopKey(JOB_ID), {
      failure: { name: 'JobCancelled', code: 'x', message: 'm' },
    });

    const collected = await shard.collect(undefined, {
      output: okLine('q0') + errorLine('q1', 'INFERENCE_3107'),
    });

    expect(collected).toMatchObject({ next: 'retry', round: 2, waitSeconds: 0 });
  });

  test('whose batch expired before any row was done is sent again as a whole, after the wait for late files', async () => {
    const shard = await openShard(3);

    const look = await shard.collect(undefined, { batch: expired(3) });
    expect(look).toMatchObject({ next: 'look' });
    const last = { batch: expired(3), secondsLater: 600, polled: lateIn(look) };
    expect(await shard.collect(undefined, last)).toMatchObject({ next: 'retry' });
    expect(await requestsOf(shard.store, 2)).toEqual(ids(3));
  });

  test('whose batch is gone is sent again as a whole', async () => {
    const shard = await openShard(3);

    const gone = { gone: true, polled: { gone: true } };
    expect(await shard.collect(undefined, gone)).toMatchObject({ next: 'retry' });
    expect(await requestsOf(shard.store, 2)).toEqual(ids(3));
  });

  test.each<[string, Round]>([
    ['gone', { gone: true }],
    ['running', { batch: { status: 'in_progress', phase: 'running', ending: undefined } }],
  ])('whose batch had ended is polled again if it is %s', async (_how, seen) => {
    const shard = await openShard(1);

    await expect(shard.collect(undefined, seen)).rejects.toMatchObject({ name: 'ProviderUnavailable' });
    expect(await shard.collect(undefined, { output: okLine('q0') })).toMatchObject({ next: 'done' });
  });

  test('whose batch and files were deleted is collected again from the store', async () => {
    const shard = await openShard(1);
    await shard.collect(undefined, { output: okLine('q0') });
    await shard.store.delete(roundKey(REF, 1, 'collected.json'));

    expect(await shard.collect(undefined, { gone: true })).toMatchObject({ next: 'done' });
    expect((await shard.write()).summary).toMatchObject({ status: 'succeeded', counts: { ok: 1 } });
  });

  test('whose output file is not found yet waits for it', async () => {
    const shard = await openShard(1);
    const named = { batch: { outputFileId: 'out' } };

    const first = await shard.collect(undefined, named);
    expect(first).toMatchObject({ next: 'look', waitSeconds: 1, late: { looks: 1 }, batchId: 'batch_1' });
    const second = await shard.collect(undefined, { ...named, secondsLater: 100, polled: lateIn(first) });
    expect(second).toMatchObject({ next: 'look', waitSeconds: 2, late: { looks: 2 } });
    const whole = { output: okLine('q0'), secondsLater: 200, polled: lateIn(second) };
    expect(await shard.collect(undefined, whole)).toMatchObject({ next: 'done' });
  });

  test('whose output file stays missing stops its shard, names the file, and is collected by a resume', async () => {
    const shard = await openShard(2);
    const named = { batch: { outputFileId: 'out' } };

    const first = await shard.collect(undefined, named);
    const stopped = await shard.collect(undefined, { ...named, secondsLater: 600, polled: lateIn(first) });
    const { summary, deadLetters } = await shard.write();

    expect(stopped).toMatchObject({ next: 'stop', round: 1 });
    expect(summary).toMatchObject({
      status: 'failed',
      failure: { code: 'OUTPUT_INCOMPLETE', message: expect.stringMatching(/batch_1.* output file out /) },
      open: [{ batchId: 'batch_1', files: { output: 'out' }, error: { code: 'OUTPUT_INCOMPLETE' } }],
      batches: [{ batchId: 'batch_1' }],
      left: ['out'],
    });
    expect(deadLetters[0]).toMatchObject({ warning: expect.stringContaining('batch_1') });
    await buildRequests(shard.edges, { jobId: JOB_ID });
    expect(await shard.collect(undefined, { output: okLine('q0') + okLine('q1') })).toMatchObject({
      next: 'done',
    });
    expect((await shard.write()).summary).toMatchObject({ status: 'succeeded', open: [] });
  });

  test('whose batch still runs after it was cancelled stops its shard: its rows are not sent again', async () => {
    const shard = await openShard(1);
    const batch = { status: 'in_progress', phase: 'running', ending: undefined } as const;

    const stopped = await shard.collect(undefined, { batch, polled: { cancelledAt: 1 } });

    expect(stopped).toMatchObject({ next: 'stop', round: 1 });
    expect((await shard.write()).summary).toMatchObject({
      failure: { code: 'BATCH_OPEN' },
      open: [{ batchId: 'batch_1', status: 'in_progress' }],
    });
  });

  test('whose output stays incomplete stops its shard with the existing answers', async () => {
    const shard = await openShard(3);
    const output = okLine('q0');
    const counts = { total: 3, succeeded: 3, failed: 0 };

    const first = await shard.collect(undefined, { batch: { counts }, output });
    const late = { batch: { counts }, output, secondsLater: 600, polled: lateIn(first) };
    await shard.collect(undefined, late);
    const { summary, results } = await shard.write();

    expect(summary).toMatchObject({
      counts: { ok: 1, exhausted: 2 },
      failure: { code: 'OUTPUT_INCOMPLETE' },
    });
    expect(results.map(({ ok }) => ok)).toEqual([true, false, false]);
    await buildRequests(shard.edges, { jobId: JOB_ID });
    const whole = ids(3)
      .map((id) => okLine(id))
      .join('');
    expect(await shard.collect(undefined, { batch: { counts }, output: whole })).toMatchObject({
      next: 'done',
    });
    expect((await shard.write()).summary).toMatchObject({ status: 'succeeded', counts: { ok: 3 } });
  });

  test('that failed validation fails the rows it names, sends the others, and does not count', async () => {
    const shard = await openShard(4, [], 1);
    const errors = [{ code: 'invalid_request', message: 'bad', line: 2 }];

    const collected = await shard.collect(undefined, {
      batch: { status: 'failed', ending: 'failed', errors },
    });
    await shard.collect(collected, { output: ['q0', 'q2', 'q3'].map((id) => okLine(id)).join('') });
    const { results, summary } = await shard.write();

    expect(collected).toMatchObject({ next: 'retry', round: 2, lastRound: 2 });
    expect(results.map((line) => line.ok)).toEqual([true, false, true, true]);
    expect(results[1]).toMatchObject({
      outcome: 'failed',
      error: { code: 'invalid_request', message: 'bad' },
    });
    expect(summary).toMatchObject({ status: 'partial', counts: { ok: 3, failed: 1 } });
  });

  test('tells rows without a result why their batch ended', async () => {
    const shard = await openShard(1, [], 1);
    const errors = [{ code: 'server_error', message: 'broken', line: undefined }];

    await shard.collect(undefined, { batch: { status: 'failed', ending: 'failed', errors } });
    const { results } = await shard.write();

    expect(results[0]).toMatchObject({ outcome: 'exhausted', error: { code: 'server_error' }, retry: true });
  });

  test('that failed because too much was queued does not count', async () => {
    const shard = await openShard(1, [], 1);
    const errors = [{ code: 'token_limit_exceeded', message: 'too many tokens', line: undefined }];

    const collected = await shard.collect(undefined, {
      batch: { status: 'failed', ending: 'failed', errors },
    });

    expect(collected).toMatchObject({ next: 'retry', round: 2, lastRound: 2 });
  });

  test('reports lines that match no row, and skips lines that are not results', async () => {
    const shard = await openShard(2);
    const junk = 'not json\n[1]\n"text"\nnull\n{"no":"id"}\n\n   \r\n';
    const output = `\ufeff${okLine('q0')}${junk}${okLine('stranger')}${okLine('q0', 'second')}${okLine('q1')}`;

    await shard.collect(undefined, { output: output.replace(/\n$/, '') });
    const { summary, results } = await shard.write();

    expect(results[0]).toMatchObject({ text: 'answer of q0' });
    expect(summary.unexplained).toEqual({
      missing: 0,
      duplicates: 1,
      unknown: 1,
      unknownIds: ['stranger'],
      unreadable: 5,
    });
  });

  test('prefers a success to an earlier error of the same row', async () => {
    const shard = await openShard(1);

    await shard.collect(undefined, { output: errorLine('q0', 'INFERENCE_3207') + okLine('q0') });

    expect((await shard.write()).summary).toMatchObject({
      status: 'succeeded',
      unexplained: { duplicates: 1 },
    });
  });

  test('keeps the files of the provider unchanged', async () => {
    const shard = await openShard(1);

    await shard.collect(undefined, { output: okLine('q0') });

    expect((await shard.store.get(roundKey(REF, 1, 'output.jsonl')))?.toString()).toBe(okLine('q0'));
  });
});

test('unusual answers are kept: an id as a number, an empty status, ten thousand levels', async () => {
  const shard = await openShard(0);
  const ids = ['17', 'q1', 'q2'];
  const requests = ids.map((custom_id) => ({
    custom_id,
    method: 'POST',
    url: '/v1/chat/completions',
    body: {},
  }));
  const lines = requests.map((request) => `${JSON.stringify(request)}\n`).join('');
  await shard.store.put(`jobs/${JOB_ID}/shards/00000/round-1.requests.jsonl`, lines);
  await writeJson(shard.store, planKey(JOB_ID), {
    rows: 3,
    invalid: 0,
    inputTokens: 0,
    problems: [],
    shards: [{ rows: 3, invalid: 0, requests: 3, bytes: lines.length }],
  });
  const answer = (id: string, status: string, body: string): string =>
    `{"custom_id":${id},"response":{"status_code":${status},"body":${body}},"error":null}\n`;
  const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`;
  const choices = '"choices":[{"message":{"content":"x"}}]';

  await shard.collect(undefined, {
    output:
      answer('17', '200', `{${choices},"a":1}`) +
      answer('"q1"', '""', `{${choices},"a":2}`) +
      answer('"q2"', '200', `{${choices},"deep":${deep}}`),
  });
  const { results, summary } = await shard.write();

  expect(results).toMatchObject([
    { custom_id: '17', ok: true, body: { a: 1 } },
    { custom_id: 'q1', ok: true, body: { a: 2 } },
    { custom_id: 'q2', outcome: 'failed', error: { code: 'ANSWER_TOO_DEEP' } },
  ]);
  expect(summary).toMatchObject({ status: 'partial', rounds: 1 });
});
