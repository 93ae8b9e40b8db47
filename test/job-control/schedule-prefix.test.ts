import { describe, expect, test } from 'vitest';
import type { Job } from '../../src/checkpoints/job.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { jobKey, summaryKey } from '../../src/checkpoints/keys.ts';
import { startScheduledJob } from '../../src/job-control/start-scheduled-job.ts';
import { requireJson } from '../../src/store/json.ts';
import { putAll } from '../requests/store.ts';
import { LATER, NOW, openStage, TIME } from './schedule-stage.ts';

describe('a schedule that reads its whole prefix', () => {
  test('reads every file each time in its current version, and claims none', async () => {
    const { store, fire, filesOf } = await openStage();
    await putAll(store, ['staged/inbox/b.csv', 'staged/inbox/a.csv', 'staged/other.csv']);

    const first = await fire('whole');
    await putAll(store, ['staged/inbox/c.csv']);
    const second = await fire('whole', LATER);
    const other = await fire('hourly', LATER);

    expect(await filesOf(first.jobId)).toEqual(['staged/inbox/a.csv', 'staged/inbox/b.csv']);
    const all = ['staged/inbox/a.csv', 'staged/inbox/b.csv', 'staged/inbox/c.csv'];
    expect(await filesOf(second.jobId)).toEqual(all);
    expect(await filesOf(other.jobId)).toEqual(all);
    const job = await requireJson<Job>(store, jobKey(second.jobId));
    expect(job.inputs.every((input) => (input.version ?? input.etag) !== undefined)).toBe(true);
    expect(job.schedule).toBeUndefined();
    expect(job.scheduledBy).toBe('whole');
  });

  test('reads the files of its first delivery if its event is delivered again', async () => {
    const { store, fire, filesOf } = await openStage();
    await putAll(store, ['staged/inbox/a.csv']);
    const { jobId } = await fire('whole');
    await putAll(store, ['staged/inbox/b.csv']);

    expect((await fire('whole')).jobId).toBe(jobId);
    expect(await filesOf(jobId)).toEqual(['staged/inbox/a.csv']);
  });

  test('ends as empty when there is no file', async () => {
    const { fire } = await openStage();

    expect((await fire('whole')).state).toBe('empty');
  });
});

describe('a schedule with a prefix', () => {
  test('lists unreadable files in the job or in the summary of an empty run', async () => {
    const { store, fire } = await openStage();
    await putAll(store, ['staged/inbox/notes.pdf']);
    const empty = await fire('hourly');
    await putAll(store, ['staged/inbox/a.csv']);
    const full = await fire('hourly', LATER);

    const skipped = { count: 1, keys: ['staged/inbox/notes.pdf'] };
    expect(empty.state).toBe('empty');
    expect(await requireJson<Summary>(store, summaryKey(empty.jobId))).toMatchObject({
      status: 'empty',
      skipped,
    });
    expect(await requireJson<Job>(store, jobKey(full.jobId))).toMatchObject({
      inputs: [{ key: 'staged/inbox/a.csv' }],
      skipped,
      schedule: 'hourly',
    });
  });

  test('reads the new files', async () => {
    const { store, fire, filesOf } = await openStage();
    await putAll(store, ['staged/inbox/b.csv', 'staged/inbox/a.csv', 'staged/other.csv']);

    const { jobId } = await fire('hourly');

    expect(await filesOf(jobId)).toEqual(['staged/inbox/a.csv', 'staged/inbox/b.csv']);
  });

  test('reads at a later time the files that arrived since', async () => {
    const { store, fire, filesOf } = await openStage();
    await putAll(store, ['staged/inbox/a.csv']);
    await fire('hourly');
    await putAll(store, ['staged/inbox/b.csv']);

    const { jobId } = await fire('hourly', LATER);

    expect(await filesOf(jobId)).toEqual(['staged/inbox/b.csv']);
  });

  test('that finds nothing new ends as empty, with a summary and an index entry, and no execution', async () => {
    const { store, executions, logs, fire, index } = await openStage();

    const { jobId, state } = await fire('named');

    expect(state).toBe('empty');
    expect(await requireJson<Summary>(store, summaryKey(jobId))).toMatchObject({
      jobId,
      status: 'empty',
      profile: 'classify',
      inputs: [],
      rows: 0,
      shards: 0,
    });
    expect(await requireJson<Summary>(store, summaryKey(jobId))).not.toHaveProperty('failure');
    expect(await index()).toEqual([jobId]);
    expect(await store.get(jobKey(jobId))).toBeUndefined();
    expect(executions.names).toEqual([]);
    expect(logs).toEqual(['job_empty']);
  });

  test('that found nothing new stays empty if it is retried after a file arrived', async () => {
    const { store, executions, fire } = await openStage();
    const first = await fire('hourly');
    await putAll(store, ['staged/inbox/a.csv']);

    expect(await fire('hourly')).toEqual(first);
    expect(executions.names).toEqual([]);
  });

  test('that found nothing new is announced once, also if it is retried later', async () => {
    const { edges, store, fire, index } = await openStage();
    const { jobId } = await fire('hourly');
    const summary = await requireJson<Summary>(store, summaryKey(jobId));

    await startScheduledJob(
      { ...edges, clock: { now: () => NOW + 60_000 } },
      { schedule: 'hourly', scheduledTime: TIME },
    );

    expect(await requireJson<Summary>(store, summaryKey(jobId))).toEqual(summary);
    expect(await index()).toEqual([jobId]);
  });

  test('that found nothing new leaves a later file to its next time', async () => {
    const { store, fire, filesOf } = await openStage();
    await fire('hourly');
    await putAll(store, ['staged/inbox/a.csv']);
    await fire('hourly');

    const { jobId } = await fire('hourly', LATER);

    expect(await filesOf(jobId)).toEqual(['staged/inbox/a.csv']);
  });

  test('that finds nothing new in two deliveries at the same moment is empty once', async () => {
    const { fire, index } = await openStage();

    const [one, other] = await Promise.all([fire('hourly'), fire('hourly')]);

    expect(one).toEqual(other);
    expect(await index()).toEqual([one.jobId]);
  });

  test('whose runs overlap gives each file to one run, and misses none', async () => {
    const { store, executions, fire, filesOf } = await openStage();
    const keys = Array.from({ length: 60 }, (_, n) => `staged/inbox/${String(n).padStart(2, '0')}.csv`);
    await putAll(store, keys);
    const times = Array.from({ length: 10 }, (_, n) => `2026-11-12T1${n}:00:00Z`);

    const jobs = await Promise.all(times.map((time) => fire('hourly', time)));

    const taken = await Promise.all(jobs.map(({ jobId }) => filesOf(jobId)));
    expect(taken.flat().toSorted()).toEqual(keys);
    const started = jobs.filter(({ state }) => state === 'started').map(({ jobId }) => jobId);
    expect([...executions.names].toSorted()).toEqual(started.toSorted());
    expect(taken.map((inputs) => inputs.length > 0)).toEqual(jobs.map(({ state }) => state === 'started'));
  });
});
