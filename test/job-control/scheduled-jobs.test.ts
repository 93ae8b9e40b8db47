import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NightshiftConfig } from '../../src/config/config.ts';
import { InvalidRequest, StoreUnavailable } from '../../src/errors.ts';
import type { Executions } from '../../src/executions/executions.ts';
import type { Job } from '../../src/checkpoints/job.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { INDEX_PREFIX, jobKey, jobOfIndexKey, summaryKey } from '../../src/checkpoints/keys.ts';
import type { LogEvent } from '../../src/log.ts';
import type { StartEdges } from '../../src/job-control/start-job.ts';
import { startScheduledJob } from '../../src/job-control/start-scheduled-job.ts';
import { readJson, requireJson, writeJson } from '../../src/store/json.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createTraffic, keysBelow, openStore, putAll, unsteady } from '../requests/store.ts';
import { trials } from '../support/exhaustive.ts';

const NOW = Date.parse('2026-11-12T22:00:05Z');
const TIME = '2026-11-12T22:00:00Z';
const LATER = '2026-11-12T23:00:00Z';

const CONFIG: NightshiftConfig = {
  profiles: {
    default: { model: 'm' },
    classify: { model: 'c', rounds: 2 },
    reusing: { model: 'm', reuse: 'always' },
  },
  schedules: {
    nightly: {
      cron: '0 23 * * ? *',
      timezone: 'Europe/Berlin',
      inputs: ['staged/{{yyyy}}-{{MM}}-{{dd}}.csv'],
    },
    minutely: { rate: '1 minute', inputs: ['staged/{{HH}}{{mm}}.csv', 'staged/always.csv'] },
    hourly: { rate: '1 hour', prefix: 'staged/inbox/' },
    daily: { rate: '1 day', prefix: 'staged/inbox/' },
    named: {
      rate: '1 hour',
      prefix: 'staged/inbox/',
      name: 'The Inbox',
      profile: 'classify',
      overrides: { rounds: 7 },
    },
    whole: { rate: '1 hour', prefix: 'staged/inbox/', take: 'all', profile: 'reusing' },
    alike: { rate: '1 hour', prefix: 'staged/inbox/', name: 'The Inbox' },
  },
};

/** State-machine executions in memory. As in Step Functions, a name can be used once, and starting a running execution again has no effect. */
interface MemoryExecutions extends Executions {
  readonly names: readonly string[];
  /** Ends an execution. */
  readonly end: (name: string) => void;
}

function createExecutions(): MemoryExecutions {
  const states = new Map<string, { readonly input: string; readonly state: 'running' | 'ended' }>();
  const end = (name: string): void => {
    const known = states.get(name);
    if (known !== undefined) states.set(name, { ...known, state: 'ended' });
  };
  return {
    get names() {
      return [...states.keys()];
    },
    end,
    start: (name, input) => {
      const known = states.get(name);
      if (known === undefined) states.set(name, { input: JSON.stringify(input), state: 'running' });
      const isNew =
        known === undefined || (known.state === 'running' && known.input === JSON.stringify(input));
      return Promise.resolve(isNew ? 'started' : 'taken');
    },
    look: (name) => Promise.resolve(states.get(name)?.state),
    stop: (name) => {
      end(name);
      return Promise.resolve();
    },
  };
}

interface Stage {
  readonly edges: StartEdges;
  readonly store: ObjectStore;
  readonly executions: MemoryExecutions;
  readonly logs: readonly LogEvent[];
  /** Delivers the event of a schedule. */
  readonly fire: (schedule: string, scheduledTime?: string) => ReturnType<typeof startScheduledJob>;
  /** Keys of the input files of a job. Empty if the job was not started. */
  readonly filesOf: (jobId: string) => Promise<string[]>;
  /** jobIds in the index, one per entry. */
  readonly index: () => Promise<string[]>;
}

async function openStage(config = CONFIG): Promise<Stage> {
  const store = await openStore();
  const executions = createExecutions();
  const logs: LogEvent[] = [];
  const edges: StartEdges = {
    store,
    executions,
    config,
    clock: { now: () => NOW },
    random: () => 0.5,
    log: (event) => void logs.push(event),
  };
  return {
    edges,
    store,
    executions,
    logs,
    fire: (schedule, scheduledTime = TIME) => startScheduledJob(edges, { schedule, scheduledTime }),
    filesOf: async (jobId) =>
      ((await readJson<Job>(store, jobKey(jobId)))?.inputs ?? []).map(({ key }) => key),
    index: async () => (await keysBelow(store, INDEX_PREFIX)).map(jobOfIndexKey),
  };
}

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
