import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { candidatesKey, claimsPrefix } from '../../src/checkpoints/keys.ts';
import { claimInputs, releaseClaims } from '../../src/requests/claims.ts';
import { MAX_INPUTS } from '../../src/requests/request-limits.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import {
  createTraffic,
  insist,
  keysBelow,
  openStore,
  putAll,
  unsteady,
  withVersions,
  type Crash,
} from './store.ts';
import { EXHAUSTIVE, trials } from '../support/exhaustive.ts';

/** The scheduled time of the runs. */
const TIME = Date.UTC(2026, 10, 20, 12);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const claim = async (store: ObjectStore, jobId: string, schedule = 'hourly'): Promise<string[]> =>
  (await claimInputs(store, { schedule, prefix: 'staged/', time: TIME, jobId })).map(({ key }) => key);

const keysOf = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `staged/${String(n).padStart(5, '0')}.csv`);

const numbered = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

describe('a run', () => {
  test('takes all files below the prefix, in key order', async () => {
    const store = await openStore();
    await putAll(store, ['staged/b.csv', 'staged/a/z.csv', 'staged/a-b.csv', 'input/c.csv']);

    expect(await claim(store, 'one')).toEqual(['staged/a-b.csv', 'staged/a/z.csv', 'staged/b.csv']);
  });

  test('takes nothing if there are no files', async () => {
    expect(await claim(await openStore(), 'one')).toEqual([]);
  });

  test.each(['staged/.hidden.csv', 'staged/_part.csv', 'staged/x.job.json', 'staged/x.pdf'])(
    'leaves %s',
    async (key) => {
      const store = await openStore();
      await putAll(store, [key, 'staged/a.csv']);

      expect(await claim(store, 'one')).toEqual(['staged/a.csv']);
    },
  );

  test('leaves an empty file until it has content', async () => {
    const store = await openStore();
    await store.put('staged/a.csv', '');
    expect(await claim(store, 'one')).toEqual([]);

    await store.put('staged/a.csv', 'x');
    expect(await claim(store, 'two')).toEqual(['staged/a.csv']);
  });

  test('records the current version of each file', async () => {
    const files = await openStore();
    await putAll(files, ['staged/a.csv', 'staged/b.csv']);
    const store = withVersions(files, { 'staged/a.csv': 'v1', 'staged/b.csv': 'v2' });

    const inputs = await claimInputs(store, {
      schedule: 'hourly',
      prefix: 'staged/',
      time: TIME,
      jobId: 'one',
    });

    expect(inputs).toEqual([
      { key: 'staged/a.csv', version: 'v1' },
      { key: 'staged/b.csv', version: 'v2' },
    ]);
  });

  test('records the content of a file if there are no versions', async () => {
    const store = await openStore();
    await putAll(store, ['staged/a.csv']);

    const inputs = await claimInputs(store, {
      schedule: 'hourly',
      prefix: 'staged/',
      time: TIME,
      jobId: 'one',
    });

    const { etag } = (await store.stat('staged/a.csv')) ?? {};
    expect(inputs).toEqual([{ key: 'staged/a.csv', etag }]);
  });

  test('does not take a file that is deleted before it is examined', async () => {
    const files = await openStore();
    await putAll(files, ['staged/a.csv', 'staged/b.csv']);
    const store: ObjectStore = {
      ...files,
      stat: async (key) => (key === 'staged/a.csv' ? undefined : files.stat(key)),
    };

    expect(await claim(store, 'one')).toEqual(['staged/b.csv']);
  });

  test('records its files below its schedule and its job', async () => {
    const store = await openStore();
    await putAll(store, ['staged/a.csv', 'staged/b.csv']);
    await claim(store, 'one');

    expect(await keysBelow(store, claimsPrefix('hourly'))).toHaveLength(2);
    expect(await keysBelow(store, 'jobs/')).toEqual([candidatesKey('one')]);
  });
});

describe('a later run', () => {
  test('takes only files that arrived since', async () => {
    const store = await openStore();
    await putAll(store, ['staged/a.csv', 'staged/c.csv']);
    await claim(store, 'one');
    await putAll(store, ['staged/b.csv', 'staged/d.csv']);

    expect(await claim(store, 'two')).toEqual(['staged/b.csv', 'staged/d.csv']);
  });

  test('takes nothing if no file arrived', async () => {
    const store = await openStore();
    await putAll(store, ['staged/a.csv']);
    await claim(store, 'one');

    expect(await claim(store, 'two')).toEqual([]);
  });

  test('takes a file again that was rewritten', async () => {
    const store = await openStore();
    await putAll(store, ['staged/a.csv', 'staged/b.csv']);
    await claim(store, 'one');
    await store.put('staged/a.csv', 'written anew');

    expect(await claim(store, 'two')).toEqual(['staged/a.csv']);
  });

  test('takes a file of the same name that came back after it was deleted', async () => {
    const store = await openStore();
    await putAll(store, ['staged/a.csv']);
    await claim(store, 'one');
    await store.delete('staged/a.csv');
    await store.put('staged/a.csv', 'another');

    expect(await claim(store, 'two')).toEqual(['staged/a.csv']);
  });

  test('of another schedule takes the same files, because each schedule has its own claims', async () => {
    const store = await openStore();
    await putAll(store, ['staged/a.csv']);
    await claim(store, 'one', 'hourly');

    expect(await claim(store, 'two', 'hourly.daily')).toEqual(['staged/a.csv']);
  });

  test('takes the files that were too many for the job before', EXHAUSTIVE, async () => {
    const store = await openStore();
    const keys = keysOf(MAX_INPUTS + 5);
    await putAll(store, keys);

    expect(await claim(store, 'one')).toEqual(keys.slice(0, MAX_INPUTS));
    expect(await claim(store, 'two')).toEqual(keys.slice(MAX_INPUTS));
    expect(await claim(store, 'three')).toEqual([]);
  });
});

describe('a run that is tried again', () => {
  test('takes the same files', async () => {
    const store = await openStore();
    await putAll(store, ['staged/a.csv', 'staged/b.csv']);
    const first = await claim(store, 'one');

    expect(await claim(store, 'one')).toEqual(first);
  });

  test('takes no file that arrived since', async () => {
    const store = await openStore();
    await putAll(store, ['staged/b.csv']);
    await claim(store, 'one');
    await putAll(store, ['staged/a.csv', 'staged/c.csv']);

    expect(await claim(store, 'one')).toEqual(['staged/b.csv']);
  });

  test('takes nothing if it found nothing at first', async () => {
    const store = await openStore();
    await claim(store, 'one');
    await putAll(store, ['staged/a.csv']);

    expect(await claim(store, 'one')).toEqual([]);
  });

  test('takes the version that it found at first', async () => {
    const files = await openStore();
    await putAll(files, ['staged/a.csv']);
    const claimer = { schedule: 'hourly', prefix: 'staged/', time: TIME, jobId: 'one' };
    await claimInputs(withVersions(files, { 'staged/a.csv': 'v1' }), claimer);
    await files.put('staged/a.csv', 'written anew');

    const again = await claimInputs(withVersions(files, { 'staged/a.csv': 'v2' }), claimer);

    expect(again).toEqual([{ key: 'staged/a.csv', version: 'v1' }]);
  });

  test('at the same moment takes the same files', async () => {
    const store = await openStore();
    const keys = keysOf(40);
    await putAll(store, keys);

    const taken = await Promise.all(numbered(8).map(() => claim(store, 'one')));

    expect(taken).toEqual(numbered(8).map(() => keys));
  });

  trials(6, 60).test(
    'at the same moment takes the same files, in any order of the calls and of new files',
    async (numRuns) => {
      const store = await openStore();
      let world = 0;
      await fc.assert(
        fc.asyncProperty(fc.scheduler(), fc.nat(3), fc.nat(3), async (scheduler, before, since) => {
          world += 1;
          const prefix = `staged/${world}/`;
          const claimer = { schedule: `s${world}`, prefix, time: TIME, jobId: `job-${world}` };
          const traffic = createTraffic(scheduler);
          const shaky = unsteady(store, { traffic });
          await putAll(
            store,
            numbered(before).map((n) => `${prefix}a${n}.csv`),
          );

          const [one, other] = await traffic.drive(
            Promise.all([
              claimInputs(shaky, claimer),
              claimInputs(shaky, claimer),
              putAll(
                shaky,
                numbered(since).map((n) => `${prefix}b${n}.csv`),
              ),
            ]),
          );

          expect(other).toEqual(one);
        }),
        { numRuns },
      );
    },
  );
});

describe('runs at the same moment', () => {
  test('never take the same file, and together take all', async () => {
    const store = await openStore();
    const keys = keysOf(100);
    await putAll(store, keys);

    const taken = await Promise.all(numbered(12).map((n) => claim(store, `job-${n}`)));

    expect(taken.flat().toSorted()).toEqual(keys);
  });

  const crashes: fc.Arbitrary<Crash[]> = fc.array(
    fc.record({ atCall: fc.nat(30), answerIsLost: fc.boolean() }),
    { maxLength: 3 },
  );

  trials(6, 60).test(
    'share no file and take all together, in any order of their calls, and with any failures and retries',
    async (numRuns) => {
      const store = await openStore();
      let world = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          fc.nat(8),
          fc.array(crashes, { minLength: 1, maxLength: 4 }),
          async (scheduler, count, runs) => {
            world += 1;
            const prefix = `staged/${world}/`;
            const keys = Array.from({ length: count }, (_, n) => `${prefix}${n}.csv`);
            await putAll(store, keys);
            const traffic = createTraffic(scheduler);
            const claimers = runs.map((_, n) => ({
              schedule: `s${world}`,
              prefix,
              time: TIME,
              jobId: `job-${world}-${n}`,
            }));

            const taken = await traffic.drive(
              Promise.all(
                claimers.map((claimer, n) =>
                  insist(store, { traffic, crashes: runs[n] ?? [] }, (each) => claimInputs(each, claimer)),
                ),
              ),
            );

            expect(
              taken
                .flat()
                .map(({ key }) => key)
                .toSorted(),
            ).toEqual(keys);
            const again = await Promise.all(claimers.map((claimer) => claimInputs(store, claimer)));
            expect(again).toEqual(taken);
          },
        ),
        { numRuns },
      );
    },
  );

  trials(6, 60).test(
    'take every file at least once and at most as often as it was written, while files come and change',
    async (numRuns) => {
      const store = await openStore();
      let world = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          fc.array(fc.nat(4), { minLength: 1, maxLength: 10 }),
          fc.integer({ min: 1, max: 3 }),
          async (scheduler, writes, count) => {
            world += 1;
            const prefix = `staged/${world}/`;
            const claimer = (n: number) => ({
              schedule: `s${world}`,
              prefix,
              time: TIME,
              jobId: `job-${world}-${n}`,
            });
            const traffic = createTraffic(scheduler);
            const shaky = unsteady(store, { traffic });
            const write = async (): Promise<void> => {
              // Each content has a different length, because two writes may get the same time from the file system.
              for (const [n, file] of writes.entries())
                await shaky.put(`${prefix}${file}.csv`, 'x'.repeat(n + 1));
            };

            const [taken] = await traffic.drive(
              Promise.all([Promise.all(numbered(count).map((n) => claimInputs(shaky, claimer(n)))), write()]),
            );
            const rest = await claimInputs(store, claimer(count));

            const times = (key: string): number =>
              [...taken.flat(), ...rest].filter((input) => input.key === key).length;
            for (const file of new Set(writes)) {
              expect(times(`${prefix}${file}.csv`)).toBeGreaterThanOrEqual(1);
              expect(times(`${prefix}${file}.csv`)).toBeLessThanOrEqual(
                writes.filter((n) => n === file).length,
              );
            }
          },
        ),
        { numRuns },
      );
    },
  );
});

describe('a job that is refused before anything is sent', () => {
  test('releases its files, but not those of another job', async () => {
    const store = await openStore();
    await putAll(store, ['staged/a.csv', 'staged/b.csv']);
    await claim(store, 'one');
    await putAll(store, ['staged/c.csv']);
    await claim(store, 'two');

    await releaseClaims(store, { schedule: 'hourly', jobId: 'one' });
    await releaseClaims(store, { schedule: 'hourly', jobId: 'one' });
    await releaseClaims(store, { schedule: 'hourly', jobId: 'never ran' });

    expect(await claim(store, 'three')).toEqual(['staged/a.csv', 'staged/b.csv']);
    expect(await claim(store, 'two')).toEqual(['staged/c.csv']);
  });
});

/** A bucket: its objects are not files, and each has the time of its last write. Records the claims that are listed. */
async function openBucket() {
  const { file: _file, ...files } = await openStore();
  const ages = new Map<string, number>();
  const listed: string[] = [];
  const writtenAt = (key: string): number => TIME - (ages.get(key) ?? HOUR);
  const store: ObjectStore = {
    ...files,
    async *list(prefix, options) {
      for await (const each of files.list(prefix, options)) {
        if (each.key.startsWith('claims/')) listed.push(each.key);
        yield { ...each, writtenAt: writtenAt(each.key) };
      }
    },
    stat: async (key) => {
      const found = await files.stat(key);
      return found && { ...found, writtenAt: writtenAt(key) };
    },
  };
  const run = async (jobId: string, { time = TIME, prefix = 'staged/' } = {}): Promise<string[]> =>
    (await claimInputs(store, { schedule: 'hourly', prefix, jobId, time })).map(({ key }) => key);
  const put = async (key: string, age = HOUR): Promise<void> => {
    ages.set(key, age);
    await store.put(key, key);
  };
  return { store, run, put, listed };
}

describe('in a bucket', () => {
  test('each version of a file, of any age, goes to one job', async () => {
    const { run, put } = await openBucket();
    for (const [key, age] of [
      ['a', HOUR],
      ['b', 2 * DAY],
      ['c', 100 * DAY],
    ] as const)
      await put(`staged/${key}.csv`, age);

    expect(await run('one')).toEqual(['staged/a.csv', 'staged/b.csv', 'staged/c.csv']);
    for (const time of [TIME, TIME + HOUR, TIME + DAY, TIME + 40 * DAY])
      expect(await run(`at ${time}`, { time })).toEqual([]);
  });

  test('a run lists only the claims of the last days if all files were examined that day', async () => {
    const { run, put, listed } = await openBucket();
    for (let n = 0; n < 50; n += 1) await put(`staged/old-${n}.csv`, 30 * DAY);
    await put('staged/a.csv');
    await run('one');
    await put('staged/b.csv');
    listed.length = 0;

    expect(await run('two', { time: TIME + HOUR })).toEqual(['staged/b.csv']);

    expect(listed).toHaveLength(1);
  });

  test('a file that arrives with an old time is taken at the latest by the next first run of a day', async () => {
    const { run, put } = await openBucket();
    await run('one');
    await put('staged/restored.csv', 30 * DAY);

    expect(await run('two', { time: TIME + HOUR })).toEqual([]);
    expect(await run('three', { time: TIME + DAY })).toEqual(['staged/restored.csv']);
  });

  test('a file that is older than the memory of claims is not taken', async () => {
    const { run, put } = await openBucket();
    await put('staged/a.csv', 366 * DAY);
    await put('staged/b.csv', 364 * DAY);

    expect(await run('one')).toEqual(['staged/b.csv']);
  });

  test('all files count as examined only if none was left for the next run', EXHAUSTIVE, async () => {
    const { run, put } = await openBucket();
    for (const key of keysOf(MAX_INPUTS + 1)) await put(key, 30 * DAY);

    expect(await run('one')).toHaveLength(MAX_INPUTS);
    expect(await run('two', { time: TIME + HOUR })).toHaveLength(1);
  });

  test('another prefix is examined as a whole, and no file is taken twice', async () => {
    const { run, put } = await openBucket();
    await put('staged/inbox/a.csv', 30 * DAY);
    expect(await run('one', { prefix: 'staged/inbox/' })).toEqual(['staged/inbox/a.csv']);
    await put('staged/b.csv', 30 * DAY);

    expect(await run('two', { prefix: 'staged/' })).toEqual(['staged/b.csv']);
  });
});

test.each([true, false])('a claim of version 0.1 is still valid (in a bucket: %s)', async (inBucket) => {
  const bucket = await openBucket();
  const store = inBucket ? bucket.store : await openStore();
  await store.put('staged/a.csv', 'x');
  const { mark = '' } = (await store.stat('staged/a.csv')) ?? {};
  const hash = createHash('sha256')
    .update(JSON.stringify(['staged/a.csv', mark]))
    .digest('hex')
    .slice(0, 32);
  await store.put(`claims/hourly/${hash}.json`, '{"jobId":"before","key":"staged/a.csv"}');

  expect(await claim(store, 'one')).toEqual([]);
});
