import { expect, test } from 'vitest';
import { summaryKey } from '../../src/checkpoints/keys.ts';
import { startJobByEvent } from '../../src/job-control/start-job-by-event.ts';
import type { StartEdges } from '../../src/job-control/start-job.ts';
import { longestSweepDays, sweepInput } from '../../src/job-control/sweep-input.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { requireJson } from '../../src/store/json.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { HeldExecutions } from '../support/held-executions.ts';
import { openTempFolder } from '../support/temp-folder.ts';

const NOW = Date.UTC(2026, 10, 20, 12);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A bucket in which a test sets the age of each object. Default: an hour. */
async function openBucket({ versioned = true } = {}) {
  const folder = await openTempFolder();
  const plain = createFolderStore(folder);
  const ages = new Map<string, number>();
  const versions = new Map<string, string>();
  const store: ObjectStore = {
    ...plain,
    url: 's3://data-bucket',
    async *list(prefix, options) {
      for await (const listed of plain.list(prefix, options))
        yield { ...listed, writtenAt: NOW - (ages.get(listed.key) ?? HOUR) };
    },
    stat: async (key) => {
      const found = await plain.stat(key);
      return found && { ...found, ...(versioned && { version: versions.get(key) ?? 'v1' }) };
    },
  };
  const executions = new HeldExecutions();
  let now = NOW;
  const edges: StartEdges = {
    store,
    clock: { now: () => now },
    random: () => 0.5,
    log: () => undefined,
    config: {
      profiles: {
        default: { provider: 'simulator', model: 'm' },
        other: { provider: 'simulator', model: 'm' },
      },
    },
    executions,
  };
  return {
    edges,
    executions,
    put: async (key: string, { age = HOUR, version = 'v1', text = '{"prompt":"x"}\n' } = {}) => {
      await store.put(key, text);
      ages.set(key, age);
      versions.set(key, version);
    },
    /** Delivers the event of an object, as S3 sends it. */
    deliver: (key: string, version = 'v1') =>
      startJobByEvent(edges, {
        source: 'aws.s3',
        detail: {
          bucket: { name: 'data-bucket' },
          object: { key, etag: 'e', size: 15, sequencer: '0A', 'version-id': version },
        },
      }),
    pass: (milliseconds: number) => void (now += milliseconds),
  };
}

test('a file whose event was lost starts the same job as its event', async () => {
  const bucket = await openBucket();
  await bucket.put('input/other/a b+c%20é.jsonl');

  const swept = await sweepInput(bucket.edges);

  expect(swept).toMatchObject({ state: 'swept', files: 1, complete: true });
  expect(bucket.executions.names).toEqual(swept.jobs);
  expect(await bucket.deliver('input/other/a b+c%20é.jsonl')).toEqual({
    jobId: swept.jobs[0],
    state: 'running',
    execution: swept.jobs[0],
  });
});

test('a file whose event arrived starts no second job, in any number of sweeps', async () => {
  const bucket = await openBucket();
  await bucket.put('input/a.jsonl');
  await bucket.deliver('input/a.jsonl');

  for (let n = 0; n < 3; n += 1) expect((await sweepInput(bucket.edges)).jobs).toEqual([]);

  expect(bucket.executions.names).toHaveLength(1);
});

test('a newer version of a file is a separate file', async () => {
  const bucket = await openBucket();
  await bucket.put('input/a.jsonl');
  await bucket.deliver('input/a.jsonl');
  await bucket.put('input/a.jsonl', { version: 'v2' });

  expect((await sweepInput(bucket.edges)).jobs).toHaveLength(1);
});

test('a refused file is reported once and not swept again', async () => {
  const bucket = await openBucket();
  await bucket.put('input/x.job.json', { text: '{"inputs":["staged/none.csv"]}' });

  const [jobId = ''] = (await sweepInput(bucket.edges)).jobs;

  expect(await requireJson<Summary>(bucket.edges.store, summaryKey(jobId))).toMatchObject({
    status: 'failed',
  });
  expect((await sweepInput(bucket.edges)).jobs).toEqual([]);
  expect(bucket.executions.names).toEqual([]);
});

test.each([
  ['younger than its event may be late', 14 * MINUTE, 0],
  ['an hour old', HOUR, 1],
  ['almost two days old', 2 * DAY - MINUTE, 1],
  ['older than what is looked at', 2 * DAY + MINUTE, 0],
])('a file that is %s starts this many jobs: %#', async (_, age, jobs) => {
  const bucket = await openBucket();
  await bucket.put('input/a.jsonl', { age });
  expect((await sweepInput(bucket.edges)).jobs).toHaveLength(jobs);
});

test('older files are swept on request, as long as their jobs are known', async () => {
  const bucket = await openBucket();
  await bucket.put('input/a.jsonl', { age: 20 * DAY });
  expect((await sweepInput(bucket.edges, { days: 21 })).jobs).toHaveLength(1);
  expect(longestSweepDays(bucket.edges.config)).toBe(29);
});

test('a sweep starts a limited number of jobs, and the next one continues', async () => {
  const bucket = await openBucket();
  for (let n = 0; n < 5; n += 1) await bucket.put(`input/${n}.jsonl`);

  expect(await sweepInput(bucket.edges, { limit: 3 })).toMatchObject({ complete: false });
  expect(bucket.executions.names).toHaveLength(3);
  expect(await sweepInput(bucket.edges, { limit: 3 })).toMatchObject({ complete: true });
  expect(bucket.executions.names).toHaveLength(5);
});

test('only files below input/ are swept, without folder markers', async () => {
  const bucket = await openBucket();
  for (const key of ['staged/a.jsonl', 'output/j/results.jsonl', 'jobs/j/input/a.jsonl'])
    await bucket.put(key);
  const { store } = bucket.edges;
  const marker = { key: 'input/folder/', bytes: 0, mark: 'm', writtenAt: NOW - HOUR };
  const list: ObjectStore['list'] = async function* list(prefix, options) {
    yield marker;
    yield* store.list(prefix, options);
  };

  expect(await sweepInput({ ...bucket.edges, store: { ...store, list } })).toMatchObject({
    jobs: [],
    files: 0,
  });
});

test('without object versions nothing is started, because the event would start another job', async () => {
  const bucket = await openBucket({ versioned: false });
  await bucket.put('input/a.jsonl');
  expect((await sweepInput(bucket.edges)).jobs).toEqual([]);
});

test('the hourly event of the stack sweeps', async () => {
  const bucket = await openBucket();
  await bucket.put('input/a.jsonl');
  expect(await startJobByEvent(bucket.edges, { sweep: true })).toMatchObject({ state: 'swept', files: 1 });
});
