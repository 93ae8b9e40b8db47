import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidRequest, StoreUnavailable } from '../../src/errors.ts';
import type { Job } from '../../src/checkpoints/job.ts';
import { jobKey, summaryKey } from '../../src/checkpoints/keys.ts';
import { startScheduledJob } from '../../src/job-control/start-scheduled-job.ts';
import { requireJson, writeJson } from '../../src/store/json.ts';
import { createTraffic, keysBelow, putAll, unsteady } from '../requests/store.ts';
import { trials } from '../support/exhaustive.ts';
import { LATER, openStage, TIME } from './schedule-stage.ts';

describe('a scheduled time', () => {
  test('that is delivered twice is one job and one execution', async () => {
    const { store, executions, fire, index } = await openStage();
    await putAll(store, ['staged/inbox/a.csv']);
    const first = await fire('hourly');

    expect(await fire('hourly')).toEqual({ ...first, state: 'running' });
    expect(executions.names).toEqual([first.jobId]);
    expect(await index()).toEqual([first.jobId]);
  });

  test('that is delivered many times at once is one job and one execution', async () => {
    const { store, executions, fire, index, filesOf } = await openStage();
    await putAll(store, ['staged/inbox/a.csv', 'staged/inbox/b.csv']);

    const jobs = await Promise.all(Array.from({ length: 8 }, () => fire('hourly')));

    const [jobId = ''] = executions.names;
    expect(jobs.map((job) => job.jobId)).toEqual(Array.from({ length: 8 }, () => jobId));
    expect(jobs.filter(({ state }) => state === 'started')).toHaveLength(1);
    expect(executions.names).toEqual([jobId]);
    expect(await index()).toEqual([jobId]);
    expect(await filesOf(jobId)).toEqual(['staged/inbox/a.csv', 'staged/inbox/b.csv']);
  });

  test('with key patterns that is delivered many times at once is one job and one execution', async () => {
    const { store, executions, fire } = await openStage();
    await putAll(store, ['staged/2026-11-12.csv']);

    const jobs = await Promise.all(Array.from({ length: 8 }, () => fire('nightly')));

    expect(new Set(jobs.map(({ jobId }) => jobId))).toEqual(new Set(executions.names));
    expect(executions.names).toHaveLength(1);
  });

  test('is the same with and without milliseconds', async () => {
    const { store, fire } = await openStage();
    await putAll(store, ['staged/inbox/a.csv']);
    const { jobId } = await fire('hourly', '2026-11-12T22:00:00Z');

    expect(await fire('hourly', '2026-11-12T22:00:00.000Z')).toMatchObject({ jobId, state: 'running' });
  });

  test('that is delivered again after its job has ended starts nothing', async () => {
    const { store, executions, fire } = await openStage();
    await putAll(store, ['staged/inbox/a.csv']);
    const { jobId } = await fire('hourly');
    executions.end(jobId);
    await writeJson(store, summaryKey(jobId), { jobId, status: 'succeeded' });

    expect(await fire('hourly')).toEqual({ jobId, state: 'finished' });
    expect(executions.names).toEqual([jobId]);
  });

  test('that is delivered again after its job failed continues it with its files', async () => {
    const { store, executions, fire, filesOf } = await openStage();
    await putAll(store, ['staged/inbox/a.csv']);
    const { jobId } = await fire('hourly');
    executions.end(jobId);
    await writeJson(store, summaryKey(jobId), { jobId, status: 'failed' });
    await putAll(store, ['staged/inbox/b.csv']);

    expect(await fire('hourly')).toEqual({ jobId, state: 'resumed', execution: `${jobId}-r2` });
    expect(await filesOf(jobId)).toEqual(['staged/inbox/a.csv']);
  });

  test('starts another job than another time or another schedule', async () => {
    const { fire } = await openStage();

    const jobs = [await fire('hourly', TIME), await fire('hourly', LATER), await fire('daily', TIME)];

    expect(new Set(jobs.map(({ jobId }) => jobId)).size).toBe(3);
  });

  test('starts a job with the name of its schedule', async () => {
    const { fire } = await openStage();

    expect((await fire('hourly')).jobId).toMatch(/^hourly-[0-9a-f]{16}$/);
  });

  test('starts a job with the name that its schedule sets', async () => {
    const { fire } = await openStage();

    expect((await fire('named')).jobId).toMatch(/^the-inbox-[0-9a-f]{16}$/);
  });

  test('starts another job than a schedule that sets the same name', async () => {
    const { fire } = await openStage();

    expect((await fire('alike')).jobId).not.toBe((await fire('named')).jobId);
  });

  test('starts a job with the profile and the overrides of its schedule', async () => {
    const { store, fire } = await openStage();
    await putAll(store, ['staged/inbox/a.csv']);

    const { jobId } = await fire('named');

    expect((await requireJson<Job>(store, jobKey(jobId))).profile).toMatchObject({
      name: 'classify',
      model: 'c',
      rounds: 7,
    });
  });

  test.each(['nope', 'toString', '__proto__', ''])('of the unknown schedule %j is rejected', async (name) => {
    const { store, fire } = await openStage();

    const firing = fire(name);

    await expect(firing).rejects.toBeInstanceOf(InvalidRequest);
    await expect(firing).rejects.toThrow(`There is no schedule "${name}"`);
    expect(await keysBelow(store, '')).toEqual([]);
  });

  test('of a configuration without schedules is refused', async () => {
    const { fire } = await openStage({ profiles: { default: {} } });

    await expect(fire('hourly')).rejects.toBeInstanceOf(InvalidRequest);
  });

  test.each([[{}], [null], [{ schedule: 'hourly' }], [{ schedule: 'hourly', scheduledTime: 'now' }]])(
    'cannot be %j',
    async (event) => {
      const { edges, store } = await openStage();

      await expect(startScheduledJob(edges, event)).rejects.toThrow(/scheduledTime|object/);
      expect(await keysBelow(store, '')).toEqual([]);
    },
  );
});

describe('a delivery that fails halfway and is repeated', () => {
  const crash = fc.record({ atCall: fc.nat(25), answerIsLost: fc.boolean() });

  describe.each([
    ['hourly', ['staged/inbox/a.csv', 'staged/inbox/b.csv']],
    ['nightly', ['staged/2026-11-12.csv']],
  ])('of %s', (schedule, keys) => {
    trials(6, 60).test('makes one job with all its files, with a failure at any point', async (numRuns) => {
      await fc.assert(
        fc.asyncProperty(fc.array(crash, { maxLength: 3 }), async (crashes) => {
          const { edges, executions, store, index, fire, filesOf } = await openStage();
          await putAll(store, keys);
          for (const each of crashes) {
            const shaky = { ...edges, store: unsteady(store, { crash: each }) };
            const failing = startScheduledJob(shaky, { schedule, scheduledTime: TIME });
            await failing.catch((error: unknown) => expect(error).toBeInstanceOf(StoreUnavailable));
          }

          const { jobId, state } = await fire(schedule);

          expect(['started', 'resumed', 'running']).toContain(state);
          expect(executions.names).toEqual([jobId]);
          expect(await filesOf(jobId)).toEqual(keys);
          expect(await index()).toEqual([jobId]);
        }),
        { numRuns },
      );
    });
  });
});

trials(6, 60).test(
  'in any order of the calls of two times, each time is one job with one execution, and they share no file',
  async (numRuns) => {
    const keys = ['staged/inbox/a.csv', 'staged/inbox/b.csv', 'staged/inbox/c.csv'];
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const { edges, executions, store, filesOf } = await openStage();
        await putAll(store, keys);
        const traffic = createTraffic(scheduler);
        const busy = { ...edges, store: unsteady(store, { traffic }) };
        const fire = (scheduledTime: string) =>
          startScheduledJob(busy, { schedule: 'hourly', scheduledTime });

        const [one, again, other] = await traffic.drive(Promise.all([fire(TIME), fire(TIME), fire(LATER)]));

        expect(again.jobId).toBe(one.jobId);
        const files = [...(await filesOf(one.jobId)), ...(await filesOf(other.jobId))];
        expect(files.toSorted()).toEqual(keys);
        const started = [one, other].filter(({ state }) => state !== 'empty').map(({ jobId }) => jobId);
        expect([...executions.names].toSorted()).toEqual(started.toSorted());
      }),
      { numRuns },
    );
  },
);
