import { describe, expect, test } from 'vitest';
import type { NightshiftConfig } from '../../src/config/config.ts';
import { StoreUnavailable } from '../../src/errors.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { CONFIG, openHost, type TestHost } from './open-host.ts';

const ROWS = '{"prompt":"echo:one"}\n';

/** Two files, so that a schedule with a prefix has more than one input. */
const FILES = ['staged/inbox/a.jsonl', 'staged/inbox/b.jsonl'];

/** A store that fails all calls after this number of writes, like the store of a process that is killed. */
function dyingAfter(writes: number): {
  readonly wrap: (store: ObjectStore) => ObjectStore;
  readonly died: () => boolean;
  readonly arm: () => void;
} {
  let left = Infinity;
  const alive = <T>(call: () => Promise<T>): Promise<T> => {
    if (left > 0) return call();
    return Promise.reject(new StoreUnavailable('The process is dead.'));
  };
  const write = <T>(call: () => Promise<T>): Promise<T> => {
    const done = alive(call);
    left = Math.max(0, left - 1);
    return done;
  };
  return {
    arm: () => void (left = writes),
    died: () => left === 0,
    wrap: (store) => ({
      ...store,
      get: (key, options) => alive(() => store.get(key, options)),
      open: (key, options) => alive(() => store.open(key, options)),
      stat: (key) => alive(() => store.stat(key)),
      put: (key, bytes) => write(() => store.put(key, bytes)),
      createIfAbsent: (key, bytes) => write(() => store.createIfAbsent(key, bytes)),
      delete: (key) => write(() => store.delete(key)),
    }),
  };
}

/** Starts a host whose store fails after this number of writes of the hourly schedule's run, and then a second host. */
async function dieAndStart(host: TestHost, writes: number): Promise<boolean> {
  const store = dyingAfter(writes);
  const first = await host.start(undefined, { wrapStore: store.wrap });
  for (const file of FILES) await host.drop(file, ROWS);
  host.clock.moveTo('2026-11-01T23:00:00Z');
  store.arm();
  await first.fireSchedules().catch(() => undefined);
  await first[Symbol.asyncDispose]();
  const second = await host.start();
  // A run that was begun and not completed is completed by the next scheduled time at the latest.
  host.clock.moveTo('2026-11-02T00:00:00Z');
  await second.fireSchedules();
  return store.died();
}

/** A store that fails when a job is recorded. */
const withoutJobs = (store: ObjectStore): ObjectStore => ({
  ...store,
  createIfAbsent: (key, bytes) =>
    key.endsWith('/job.json')
      ? Promise.reject(new StoreUnavailable('The process is dead.'))
      : store.createIfAbsent(key, bytes),
});

/** Drops the files, fires the hourly schedule, and stops the host. */
async function fireOnce(host: TestHost, running: Awaited<ReturnType<TestHost['start']>>): Promise<void> {
  for (const file of FILES) await host.drop(file, ROWS);
  host.clock.moveTo('2026-11-01T23:00:00Z');
  await running.fireSchedules();
  await running[Symbol.asyncDispose]();
}

describe('a host that dies while a schedule starts its job', () => {
  test.each([0, 1, 2, 3, 4, 5, 6, 7])(
    'after %i writes loses none of the files and pays for each once',
    async (writes) => {
      const host = await openHost();

      expect(await dieAndStart(host, writes)).toBe(true);

      // If the first write failed, nothing records the run, so its time counts as missed.
      const ended = await host.ended(writes === 0 ? 1 : 2);
      const inputs = ended.flatMap((summary) => summary.inputs.map(({ key }) => key));
      expect(inputs.toSorted()).toEqual(FILES);
      expect(ended.filter(({ status }) => status === 'succeeded')).toHaveLength(1);
      expect(host.simulator.batches()).toHaveLength(1);
    },
  );

  test('completes the same run: the same job for the same time', async () => {
    const host = await openHost();
    await host.start().then((once) => once[Symbol.asyncDispose]());
    const broken = await host.start(undefined, {
      wrapStore: withoutJobs,
    });
    await fireOnce(host, broken);
    expect(host.failures).toEqual([expect.stringContaining('The process is dead.')]);

    await host.start();

    const [summary] = await host.ended(1);
    expect(summary).toMatchObject({ status: 'succeeded', inputs: FILES.map((key) => ({ key })) });
  });

  test('releases the files of a run that is not completed', async () => {
    const host = await openHost();
    const broken = await host.start(undefined, {
      wrapStore: (store) => ({
        ...withoutJobs(store),
        // Earlier versions did not record a run when they began it.
        put: (key, bytes) => (key.includes('/begun/') ? Promise.resolve() : store.put(key, bytes)),
      }),
    });
    await fireOnce(host, broken);

    const next = await host.start();
    expect(host.logs.filter(({ event }) => event === 'claims_released')).toHaveLength(1);
    host.clock.moveTo('2026-11-02T00:00:00Z');
    await next.fireSchedules();

    const [summary] = await host.ended(1);
    expect(summary).toMatchObject({ status: 'succeeded', inputs: FILES.map((key) => ({ key })) });
  });
});

/** The same schedules; the times that *nightly* missed are run, all others are skipped. */
const running: NightshiftConfig = {
  ...CONFIG,
  schedules: Object.fromEntries(
    Object.entries(CONFIG.schedules ?? {}).map(([name, schedule]) => [
      name,
      { ...schedule, missed: name === 'nightly' ? 'run' : 'skip' } as const,
    ]),
  ),
};

/** Stops a host, starts the next one at this time, and returns what it logs about missed schedules. */
async function sleepUntil(host: TestHost, time: string, config = CONFIG) {
  await host.start().then((first) => first[Symbol.asyncDispose]());
  await host.drop('staged/2026-11-02.csv', 'text\nhello\n');
  host.clock.moveTo(time);
  await host.start(undefined, { config });
  return host.logs.filter(({ event }) => event === 'schedule_missed').map(({ fields }) => fields);
}

describe('times that pass while no host runs', () => {
  test('are listed at the next start and skipped', async () => {
    const host = await openHost();

    const told = await sleepUntil(host, '2026-11-04T20:30:00Z');

    expect(told).toEqual([
      {
        schedule: 'nightly',
        times: '2026-11-02T21:00:00.000Z, 2026-11-03T21:00:00.000Z',
        count: 2,
        more: false,
        run: false,
      },
      expect.objectContaining({ schedule: 'hourly', count: 31, more: true, run: false }),
    ]);
    expect(await host.ended(0)).toEqual([]);
  });

  test('run at the next start if the schedule says so, each once and for its own time', async () => {
    const host = await openHost();

    const told = await sleepUntil(host, '2026-11-03T20:30:00Z', running);
    await host.start(undefined, { config: running }).then((again) => again[Symbol.asyncDispose]());

    expect(told).toContainEqual({
      schedule: 'nightly',
      times: '2026-11-02T21:00:00.000Z',
      count: 1,
      more: false,
      run: true,
    });
    expect(await host.ended(1)).toMatchObject([
      { status: 'succeeded', profile: 'classify', inputs: [{ key: 'staged/2026-11-02.csv' }] },
    ]);
    expect(host.simulator.batches()).toHaveLength(1);
  });

  test('are not reported for a new folder or after the clock was set back', async () => {
    const host = await openHost();
    host.clock.moveTo('2026-11-20T00:00:00Z');

    await host.start();

    expect(host.logs.filter(({ event }) => event === 'schedule_missed')).toEqual([]);
  });
});
