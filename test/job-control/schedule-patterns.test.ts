import { describe, expect, test } from 'vitest';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { jobKey, summaryKey } from '../../src/checkpoints/keys.ts';
import { requireJson } from '../../src/store/json.ts';
import { putAll } from '../requests/store.ts';
import { CONFIG, openStage } from './schedule-stage.ts';

describe('a schedule with key patterns', () => {
  test('reads the file of the time it fires for, in its timezone', async () => {
    const { store, fire, filesOf } = await openStage();
    await putAll(store, ['staged/2026-11-12.csv', 'staged/2026-11-13.csv']);

    const { jobId } = await fire('nightly', '2026-11-12T23:00:00Z');

    expect(await filesOf(jobId)).toEqual(['staged/2026-11-13.csv']);
  });

  test('reads the file of the time in UTC when it names no timezone, and its files in order', async () => {
    const { store, fire, filesOf } = await openStage();
    await putAll(store, ['staged/always.csv', 'staged/2207.csv']);

    const { jobId } = await fire('minutely', '2026-11-12T22:07:00Z');

    expect(await filesOf(jobId)).toEqual(['staged/2207.csv', 'staged/always.csv']);
  });

  test('starts one execution, and puts the job into the index', async () => {
    const { store, executions, logs, fire, index } = await openStage();
    await putAll(store, ['staged/2026-11-12.csv']);

    const started = await fire('nightly');

    expect(started).toEqual({ jobId: started.jobId, state: 'started', execution: started.jobId });
    expect(executions.names).toEqual([started.jobId]);
    expect(await index()).toEqual([started.jobId]);
    expect(logs).toEqual(['job_started']);
  });

  test('whose file is missing writes a summary with the reason and starts nothing', async () => {
    const { store, executions, logs, fire, index } = await openStage();

    const { jobId, state } = await fire('nightly');

    expect(state).toBe('refused');
    expect(await requireJson<Summary>(store, summaryKey(jobId))).toMatchObject({
      jobId,
      status: 'failed',
      profile: 'default',
      rows: 0,
      failure: {
        name: 'InvalidRequest',
        message: `There is no input file ${store.locate('staged/2026-11-12.csv')}.`,
      },
      startedAt: '2026-11-12T22:00:05.000Z',
      endedAt: '2026-11-12T22:00:05.000Z',
    });
    expect(await store.get(jobKey(jobId))).toBeUndefined();
    expect(executions.names).toEqual([]);
    expect(await index()).toEqual([jobId]);
    expect(logs).toEqual(['job_refused']);
  });

  test('whose file is missing fails in the same way when it is retried', async () => {
    const { executions, fire, index } = await openStage();
    const first = await fire('nightly');

    expect(await fire('nightly')).toEqual(first);
    expect(executions.names).toEqual([]);
    expect(await index()).toEqual([first.jobId]);
  });

  test('whose file arrives late starts its job when it is retried', async () => {
    const { store, executions, fire, filesOf } = await openStage();
    const { jobId } = await fire('nightly');
    await putAll(store, ['staged/2026-11-12.csv']);

    expect(await fire('nightly')).toEqual({ jobId, state: 'started', execution: jobId });
    expect(await filesOf(jobId)).toEqual(['staged/2026-11-12.csv']);
    expect(executions.names).toEqual([jobId]);
  });

  test('names all of several missing files', async () => {
    const { store, fire } = await openStage();

    const { jobId } = await fire('minutely');

    const { failure } = await requireJson<Summary>(store, summaryKey(jobId));
    expect(failure?.message).toContain(store.locate('staged/2200.csv'));
    expect(failure?.message).toContain(store.locate('staged/always.csv'));
  });

  test('that no key can match is refused and not retried', async () => {
    const { store, fire } = await openStage({
      ...CONFIG,
      schedules: { odd: { rate: '1 hour', inputs: ['staged//{{yyyy}}.csv'] } },
    });

    const { jobId, state } = await fire('odd');

    expect(state).toBe('refused');
    const { failure } = await requireJson<Summary>(store, summaryKey(jobId));
    expect(failure?.message).toContain('"staged//2026.csv"');
  });

  test('continues with its file if it is retried after the file was renamed', async () => {
    const { store, executions, fire } = await openStage();
    await putAll(store, ['staged/2026-11-12.csv']);
    const { jobId } = await fire('nightly');
    await store.delete('staged/2026-11-12.csv');

    expect(await fire('nightly')).toEqual({ jobId, state: 'running', execution: jobId });
    expect(executions.names).toEqual([jobId]);
  });
});
