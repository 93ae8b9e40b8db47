import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { jobObject } from '../../src/checkpoints/job.ts';
import { tableKey } from '../../src/checkpoints/keys.ts';
import { expectReconciled, openWorld, prompts, type Ended, type World } from './world.ts';

const PERMANENT = { kind: 'error', code: 'NO_SUCH_THING', status: 400 } as const;

/** Makes these rows fail once, but not when they are retried. */
const failOnce = ({ simulator }: World, ...ids: string[]): void =>
  simulator.addFaults({ at: 'row', ids, action: PERMANENT });

const outcomes = ({ results }: Ended): string[] =>
  results.map((line) => `${line.custom_id} ${line.ok ? 'ok' : line.outcome} ${line.retried ?? '-'}`);

describe('a retry', () => {
  test('sends only the rows that are not ok again, and puts their results at their positions', async () => {
    const world = await openWorld();
    failOnce(world, 'q1', 'q4');
    const first = await world.run(prompts(6));
    expect(first.summary).toMatchObject({ status: 'partial', counts: { ok: 4, failed: 2 } });

    const second = await world.retry(first.jobId);

    expect(outcomes(second)).toEqual(['q0 ok -', 'q1 ok 1', 'q2 ok -', 'q3 ok -', 'q4 ok 1', 'q5 ok -']);
    expectReconciled(second);
    expect(second.summary).toMatchObject({
      status: 'succeeded',
      rows: 6,
      retries: [{ jobId: `${first.jobId}-retry-1`, status: 'succeeded', rows: 2, ok: 2 }],
    });
    expect(second.summary.deadLetters).toBeUndefined();
    expect(second.summary.errors).toEqual([]);
    const requests = second.summary.batches.map((batch) => [batch.retry ?? 0, batch.requests]);
    expect(requests).toEqual([
      [0, 6],
      [1, 2],
    ]);
    expect(second.results.filter(({ retried }) => retried === undefined)).toEqual(
      first.results.filter(({ ok }) => ok),
    );
  });

  test('adds its usage to the usage of the job, once', async () => {
    const world = await openWorld();
    failOnce(world, 'q0');
    const first = await world.run(prompts(3));

    const second = await world.retry(first.jobId);

    const [record] = second.summary.retries ?? [];
    expect(record?.usage.inputTokens).toBeGreaterThan(0);
    expect(second.summary.usage.inputTokens).toBe(
      first.summary.usage.inputTokens + (record?.usage.inputTokens ?? 0),
    );
    expect(second.summary.models.reduce((sum, { answers }) => sum + answers, 0)).toBe(3);
  });

  test('may have another model and prompt, for the rows of the input', async () => {
    const world = await openWorld({
      config: {
        profiles: {
          default: { provider: 'simulator', model: 'a:batch', prompt: 'echo:first {{text}}' },
          other: { provider: 'simulator', model: 'b:batch', prompt: 'echo:second {{text}}' },
        },
      },
    });
    failOnce(world, '2');
    const first = await world.run('id,text\n1,x\n2,y\n', { name: 'rows.csv' });

    const second = await world.retry(first.jobId, { profile: 'other' });

    expect(second.results).toMatchObject([
      { custom_id: '1', text: 'first x', model: 'a' },
      { custom_id: '2', text: 'second y', model: 'b', retried: 1 },
    ]);
  });

  test('keeps the overrides of the job, and prefers its own overrides', async () => {
    const world = await openWorld();
    failOnce(world, 'q0');
    const { jobId } = await world.run(prompts(1), { model: 'own:batch', body: { seed: 7 } });
    world.simulator.addFaults({ at: 'row', ids: ['q0'], action: PERMANENT, times: 2 });

    const same = await world.retry(jobId);
    expect(same.deadLetters).toMatchObject([{ body: { model: 'own:batch', seed: 7 } }]);
    const other = await world.retry(jobId, { overrides: { model: 'new:batch' } });

    expect(other.results).toMatchObject([{ ok: true, model: 'new', retried: 2 }]);
    expect(other.summary.retries).toMatchObject([{ ok: 0 }, { ok: 1 }]);
    expectReconciled(other);
  });

  test('sends rows that are no longer invalid, and does not change the others', async () => {
    const world = await openWorld();
    const rows = ['{"custom_id":"a","prompt":"x"}', '{"custom_id":"a","prompt":"y"}', '{"text":"z"}', '{'];
    const first = await world.run(`${rows.join('\n')}\n`);
    expect(first.summary.counts).toMatchObject({ ok: 1, invalid: 3 });

    const second = await world.retry(first.jobId, { overrides: { prompt: 'Say {{text}}' } });

    expect(outcomes(second)).toEqual([
      'a ok -',
      'a invalid 1',
      'row-00000003 ok 1',
      'row-00000004 invalid 1',
    ]);
    expectReconciled(second);
    expect(second.summary.problems).toMatchObject([
      { line: 2, code: 'DUPLICATE_CUSTOM_ID' },
      { line: 4, code: 'INVALID_JSON' },
    ]);
  });

  test('that is refused as a whole changes nothing and does not block the next one', async () => {
    const world = await openWorld();
    const first = await world.run('{"text":"z"}\n{"prompt":"x"}\n');

    const refused = await world.retry(first.jobId);
    expect(refused.error).toBeDefined();
    expect(outcomes(refused)).toEqual(outcomes(first));
    const second = await world.retry(first.jobId, { overrides: { prompt: 'Say {{text}}' } });

    expect(outcomes(second)).toEqual(['row-00000001 ok 2', 'row-00000002 ok -']);
  });

  test.each([[[]], [['input/more.jsonl']]])(
    'of a job with the answers of a sample that was retried itself, with the further inputs %j',
    async (more) => {
      const world = await openWorld();
      await world.store.put('input/more.jsonl', '{"custom_id":"m1","prompt":"x"}\n');
      failOnce(world, 'q1');
      const sample = await world.run(prompts(4), { limit: 2, jobId: 'sample', more });
      await world.retry(sample.jobId);
      failOnce(world, 'q2');
      const first = await world.run(prompts(4), { more });
      expect(first.summary).toMatchObject({ status: 'partial', taken: { jobId: 'sample', rows: 2 } });
      expect(first.results.map(({ retried }) => retried)).not.toContain(1);

      const second = await world.retry(first.jobId);

      expect(second.summary).toMatchObject({ status: 'succeeded', taken: { rows: 2 } });
      expect(outcomes(second).slice(0, 4)).toEqual(['q0 ok -', 'q1 ok -', 'q2 ok 1', 'q3 ok -']);
      expectReconciled(second);
    },
  );

  test('of several files names the file of each row', async () => {
    const world = await openWorld();
    await world.store.put('input/more.jsonl', '{"custom_id":"m1","prompt":"x"}\n');
    failOnce(world, 'q1', 'm1');
    const first = await world.run(prompts(2), { more: ['input/more.jsonl'] });

    const second = await world.retry(first.jobId);

    expect(second.results.map(({ source }) => source)).toEqual([
      { file: 'input/rows.jsonl', line: 1 },
      { file: 'input/rows.jsonl', line: 2 },
      { file: 'input/more.jsonl', line: 1 },
    ]);
  });

  test('may be merged again after a crash, at any of its calls', async () => {
    const crash = { left: 0, armed: false };
    const world = await openWorld({
      wrap: (call) => async (step, event) => {
        const output = await call(step, event);
        if (step !== 'write-results' || !crash.armed || crash.left === 0) return output;
        crash.left -= 1;
        throw Object.assign(new Error('cut off'), { name: 'Lambda.Unknown' });
      },
    });
    failOnce(world, 'q1', 'q2');
    const first = await world.run(prompts(4));
    Object.assign(crash, { armed: true, left: 2 });

    const second = await world.retry(first.jobId);

    expect(crash.left).toBe(0);
    expect(outcomes(second)).toEqual(['q0 ok -', 'q1 ok 1', 'q2 ok 1', 'q3 ok -']);
    expectReconciled(second);
    expect(second.summary.retries).toHaveLength(1);
  });

  test('that fails has merged its results, can continue, and is counted once', async () => {
    const world = await openWorld();
    const limits = { shardLimits: { maxRows: 1 } };
    failOnce(world, 'q0', 'q1');
    const first = await world.run(prompts(3), limits);
    world.simulator.addFaults({
      at: 'row',
      ids: ['q1'],
      action: { kind: 'error', code: 'BILLING_2003', status: 402 },
      times: 2,
    });

    const failed = await world.retry(first.jobId);
    expect(failed.summary).toMatchObject({ status: 'partial', retries: [{ status: 'failed', ok: 1 }] });
    expect(outcomes(failed)[0]).toBe('q0 ok 1');
    expectReconciled(failed);
    const again = await world.retry(first.jobId);

    expect(again.retryId).toBe(failed.retryId);
    expect(outcomes(again)).toEqual(['q0 ok 1', 'q1 ok 1', 'q2 ok -']);
    expectReconciled(again);
    expect(again.summary.retries).toMatchObject([{ status: 'succeeded', rows: 2, ok: 2 }]);
  });

  test('writes the tables of its job again', async () => {
    const world = await openWorld();
    failOnce(world, 'q1');
    const first = await world.run(prompts(2), { also: ['csv'] });
    const table = async (): Promise<Record<string, string>[]> =>
      parse((await world.store.get(tableKey(first.jobId, 'csv'))) ?? '', { bom: true, columns: true });
    expect(await table()).toMatchObject([{ ok: 'true' }, { ok: 'false', error: /NO_SUCH_THING/ }]);

    await world.retry(first.jobId);

    expect(await table()).toMatchObject([
      { prompt: 'prompt 0', ok: 'true' },
      { prompt: 'prompt 1', ok: 'true', error: '' },
    ]);
  });
});

describe('no retry is made', () => {
  test('of a job that does not exist, has no rows left, or is a retry itself', async () => {
    const world = await openWorld();
    const { jobId } = await world.run(prompts(1));
    failOnce(world, 'q5');
    const other = await world.run(prompts(6), { name: 'other.jsonl' });
    const { retryId } = await world.retry(other.jobId);

    await expect(world.retry('nothing')).rejects.toThrow('summary.json');
    await expect(world.retry(jobId)).rejects.toThrow('has no rows that are not ok');
    await expect(world.retry(other.jobId)).rejects.toThrow('has no rows that are not ok');
    await expect(world.retry(retryId)).rejects.toThrow(`is a retry of job ${other.jobId}`);
  });

  test('of a failed job, because a resume pays for nothing twice', async () => {
    const world = await openWorld();
    world.simulator.addFaults({
      at: 'row',
      ids: ['q0'],
      action: { kind: 'error', code: 'BILLING_2003', status: 402 },
    });
    const { jobId } = await world.run(prompts(1));

    await expect(world.retry(jobId)).rejects.toThrow('is failed: resume it');
  });

  test('if simulated and real answers would be mixed', async () => {
    const world = await openWorld();
    failOnce(world, 'q0');
    const { jobId } = await world.run(prompts(2));
    const job = await jobObject.require(world.store, jobId);

    await jobObject.write(world.store, jobId, { ...job, simulated: true });

    await expect(world.retry(jobId)).rejects.toThrow('made up by a simulator, which this host does not have');
  });

  test('with another profile while the last one has not ended', async () => {
    const world = await openWorld();
    failOnce(world, 'q0');
    const { jobId } = await world.run(prompts(2));
    world.simulator.addFaults({
      at: 'row',
      ids: ['q0'],
      action: { kind: 'error', code: 'BILLING_2003', status: 402 },
      times: 2,
    });
    const { retryId } = await world.retry(jobId);

    const other = world.retry(jobId, { overrides: { model: 'other' } });

    await expect(other).rejects.toThrow(`${retryId}, is not finished`);
  });
});
