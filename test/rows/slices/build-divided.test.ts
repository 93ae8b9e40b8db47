import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { tableOf, trials } from '../../support/exhaustive.ts';
import { RequestHash } from '../../../src/reuse/request-hash.ts';
import { createUniqueIds } from '../../../src/rows/ids/unique-ids.ts';
import { createRequests } from '../../../src/steps/create-requests.ts';
import { buildDivided } from '../../../src/rows/slices/build-divided.ts';
import { buildSlice } from '../../../src/rows/slices/build-slice.ts';
import { bytesOfSlice, divide } from '../../../src/rows/slices/divide.ts';
import { slicesObject } from '../../../src/rows/slices/division.ts';
import type { Job } from '../../../src/checkpoints/job.ts';
import type { StepTime } from '../../../src/pace.ts';
import type { ObjectStore, ObjectWriter } from '../../../src/store/object-store.ts';
import { profileOf } from '../build.ts';
import {
  FORMATS,
  inOnePass,
  openJob,
  row,
  shortEvery,
  START,
  type InputFile,
  type Made,
} from '../divided-build.ts';
import { inSlices } from './in-slices.ts';

const isLines = (extension: string): boolean => ['.jsonl', '.txt', '.csv', '.tsv'].includes(extension);

const shapeOf = (dedupe?: 'always' | 'without temperature') => ({
  profile: profileOf({ shardLimits: { maxBytes: 10_000, maxRows: 5 }, dedupe }),
});

tableOf(Object.entries(FORMATS), ([extension]) => ['.jsonl', '.csv'].includes(extension)).describe(
  'a %s file',
  (extension, write) => {
    const [quick, all] = isLines(extension) ? [15, 60] : [2, 4];
    trials(quick, all).test(
      'is built to the same bytes in one pass and in any division into slices',
      async (numRuns) => {
        await fc.assert(
          fc.asyncProperty(
            fc.array(row, { minLength: 20, maxLength: 80 }),
            fc.record({ lineEnd: fc.constantFrom('\n', '\r\n', '\r'), bom: fc.boolean() }),
            fc.record({ sliceBytes: fc.integer({ min: 40, max: 2_000 }), backwards: fc.boolean() }),
            fc.option(fc.integer({ min: 1, max: 4 })),
            fc.constantFrom(undefined, 'always', 'without temperature'),
            fc.constantFrom(undefined, { atOnce: 5, filterBits: 128 }),
            async (rows, how, slicing, nth, dedupe, bounds) => {
              const file = { name: `rows${extension}`, content: write([...START, ...rows], how) };
              const second = {
                name: 'b/rows.jsonl',
                content: Buffer.from('{"custom_id":"q1","prompt":"x"}\n'),
              };
              const shape = shapeOf(dedupe);
              const whole = await inOnePass([file, second], shape);
              const time = nth === null ? undefined : shortEvery(nth);
              const sliced = await inSlices([file, second], { ...slicing, shape, time, bounds });
              expect(sliced.plan).toEqual(whole.plan);
              if (typeof whole.plan !== 'string') expect(sliced.files).toEqual(whole.files);
              if (!isLines(extension)) expect(sliced.slices).toBe(0);
            },
          ),
          { numRuns },
        );
      },
    );
  },
);

const asLines = (rows: readonly Made[]): Buffer =>
  FORMATS['.jsonl']?.(rows, { lineEnd: '\n', bom: false }) ?? Buffer.alloc(0);

const manyRows = (count: number): InputFile => ({
  name: 'rows.jsonl',
  content: asLines([
    ...START,
    ...Array.from({ length: count }, (_, n) => ({ id: `q${n}`, prompt: `row ${n % 90}` })),
  ]),
});

test('a large file is divided into slices of about the requested size', async () => {
  const file = manyRows(1_000);
  const { slices } = await inSlices([file], { sliceBytes: 4_096, shape: shapeOf() });
  const rest = file.content.length - 65_600;
  expect(slices).toBeGreaterThanOrEqual(Math.floor(rest / 4_096));
  expect(slices).toBeLessThanOrEqual(Math.ceil(rest / 4_096) + 1);
});

test('a table with line ends in its cells is cut between its rows', async () => {
  const cell = 'a "quoted" word, and\nanother line, with a comma\nand "more"\n';
  const rows = Array.from({ length: 400 }, (_, n) => ({
    id: `q${n}`,
    prompt: `${n} ${cell.repeat(1 + (n % 3))}`,
  }));
  const content = FORMATS['.csv']?.([...START, ...rows], { lineEnd: '\r\n', bom: true }) ?? Buffer.alloc(0);
  const file = { name: 'rows.csv', content };
  const whole = await inOnePass([file], shapeOf());

  const sliced = await inSlices([file], { sliceBytes: 5_000, shape: shapeOf() });

  expect(sliced.slices).toBeGreaterThan(10);
  expect(sliced.plan).toEqual(whole.plan);
  expect(sliced.files).toEqual(whole.files);
});

test('a table that would be cut inside a cell is built in one pass', async () => {
  const inside = `"${'"",x\nq,y\n'.repeat(3_000)}"`;
  const content = Buffer.concat([
    FORMATS['.csv']?.(START, { lineEnd: '\n', bom: false }) ?? Buffer.alloc(0),
    Buffer.from(`cell,${inside}\nlast,row\n`),
  ]);
  const shape = {
    profile: profileOf({ shardLimits: { maxBytes: 100_000, maxRows: 5 }, table: { quotes: true } }),
  };
  const whole = await inOnePass([{ name: 'rows.csv', content }], shape);

  const sliced = await inSlices([{ name: 'rows.csv', content }], { sliceBytes: 2_000, shape });

  expect(sliced.slices).toBe(0);
  expect(sliced.plan).toEqual(whole.plan);
  expect(sliced.files).toEqual(whole.files);
});

test('rows without an id, and ids that look like those of such rows, are the same in slices', async () => {
  const rows = Array.from({ length: 400 }, (_, n) => ({
    id: n % 3 === 0 ? `row-${String(n + 40).padStart(8, '0')}` : n % 7 === 0 ? 'row-11111111' : null,
    prompt: `row ${n}`,
  }));
  const file = { name: 'rows.jsonl', content: asLines([...START, ...rows]) };
  const whole = await inOnePass([file], shapeOf('always'));

  const sliced = await inSlices([file], { sliceBytes: 1_000, shape: shapeOf('always') });

  expect(sliced.slices).toBeGreaterThan(5);
  expect(sliced.plan).toEqual(whole.plan);
  expect(sliced.files).toEqual(whole.files);
});

test('a byte order mark inside a file is part of its row, at any start of a slice', async () => {
  const line = '\uFEFF{"custom_id":"marked","prompt":"x"}\n';
  const content = Buffer.concat([asLines(START), Buffer.from(line.repeat(40))]);
  const whole = await inOnePass([{ name: 'rows.jsonl', content }], shapeOf());

  const sliced = await inSlices([{ name: 'rows.jsonl', content }], { sliceBytes: 45, shape: shapeOf() });

  expect(sliced.slices).toBeGreaterThan(10);
  expect(sliced.plan).toEqual(whole.plan);
  expect(sliced.files).toEqual(whole.files);
});

test('rows of another model than the first are found in every slice, for a provider that takes one model per file', async () => {
  const lines = Array.from(
    { length: 300 },
    (_, n) => `{"custom_id":"q${n}","prompt":"x","model":"model-${n % 9 === 5 ? 'b' : 'a'}"}\n`,
  );
  const first = '{"custom_id":"first","prompt":"y","model":"model-a"}\n';
  const long = `{"custom_id":"long","prompt":"${'x'.repeat(66_000)}"}\n`;
  const content = Buffer.from([first, long, ...lines].join(''));
  const base = profileOf({ shardLimits: { maxBytes: 100_000, maxRows: 20 } });
  const { dialect } = base.provider;
  const limits = { ...dialect.limits, oneModel: true };
  const shape = { profile: { ...base, provider: { ...base.provider, dialect: { ...dialect, limits } } } };
  const whole = await inOnePass([{ name: 'rows.jsonl', content }], shape);

  const sliced = await inSlices([{ name: 'rows.jsonl', content }], { sliceBytes: 1_500, shape });

  expect(whole.plan).toMatchObject({
    problems: expect.arrayContaining([expect.objectContaining({ code: 'OTHER_MODEL' })]),
  });
  expect(sliced.slices).toBeGreaterThan(5);
  expect(sliced.plan).toEqual(whole.plan);
  expect(sliced.files).toEqual(whole.files);
});

test('a refused file has the same error as in one pass, with the same line', async () => {
  const content = Buffer.concat([
    FORMATS['.txt']?.(START, { lineEnd: '\n', bom: false }) ?? Buffer.alloc(0),
    Buffer.from('plain\n'.repeat(900)),
    Buffer.from([0xff, 0xfe, 0x0a]),
    Buffer.from('plain\n'.repeat(900)),
  ]);
  const whole = await inOnePass([{ name: 'rows.txt', content }], shapeOf());

  const sliced = await inSlices([{ name: 'rows.txt', content }], { sliceBytes: 1_000, shape: shapeOf() });

  expect(whole.plan).toMatch(/not valid UTF-8 in line 913/);
  expect(sliced.plan).toEqual(whole.plan);
});

test('a compressed file is built in one pass', async () => {
  const file = { name: 'rows.jsonl.gz', content: gzipSync(manyRows(2_000).content) };
  expect(await inSlices([file], { sliceBytes: 100 })).toMatchObject({ slices: 0, plan: { rows: 2_012 } });
});

test('ids and requests that only share a hash with earlier ones are detected', async () => {
  const file = manyRows(300);
  const seeds: number[] = [];
  const isFirst = (seed: number): boolean => {
    if (!seeds.includes(seed)) seeds.push(seed);
    return seeds[0] === seed;
  };
  const whole = await inOnePass([file], shapeOf('always'));

  const sliced = await inSlices([file], {
    sliceBytes: 700,
    shape: shapeOf('always'),
    time: shortEvery(3),
    createIds: (seed) => {
      const real = createUniqueIds(seed);
      const confuses = isFirst(seed);
      return { ...real, add: (id) => real.add(confuses && id === 'q250' ? 'q0' : id) };
    },
    createHash: (seed) => new RequestHash(seed),
  });

  expect(seeds).toHaveLength(2);
  expect(sliced.plan).toEqual(whole.plan);
  expect(sliced.files).toEqual(whole.files);
});

const GIB = 2 ** 30;

test.each([
  ['without a time limit', undefined, undefined, undefined],
  ['without a time limit', 1_024 * GIB, undefined, 1_024 * GIB],
  ['in a call with a time limit', undefined, shortEvery(1), GIB],
  ['in a call with a time limit', 65_536, shortEvery(1), 65_536],
  ['in a call with a time limit', 1_024 * GIB, shortEvery(1), 4 * GIB],
])('%s, a slice with the configured size %s has a size that one call can note', (_, asked, time, bytes) => {
  expect(bytesOfSlice(asked, time)).toBe(bytes);
});

test('an input is divided by the size of the version that the job reads, not by that of a newer one', async () => {
  const file = manyRows(1_000);
  const { store, job } = openJob([file], shapeOf());
  const isVersion = (version: string | undefined): boolean => version === 'read';
  const newest = { bytes: 70_000, mark: 'newest', writtenAt: 0 };
  const versions: ObjectStore = {
    ...store,
    stat: (key) => (key === 'input/rows.jsonl' ? Promise.resolve(newest) : store.stat(key)),
    open: (key, options) =>
      key !== 'input/rows.jsonl' || isVersion(options?.version)
        ? store.open(key, options)
        : Promise.reject(new Error('The newest version was read.')),
  };
  const ofVersion = { ...job, inputs: [{ key: 'input/rows.jsonl', version: 'read' }] };

  const division = await divide(versions, ofVersion, 4_096);

  expect(division?.slices.length).toBeGreaterThan(5);
  const largest = Math.max(
    ...(division?.slices ?? []).map(({ start, end = file.content.length }) => end - start),
  );
  expect(largest).toBeLessThan(70_000);
});

/** A job whose slices have noted their rows and have not built their shards, and the same job built in one pass. */
async function openNoted() {
  const file = manyRows(300);
  const shape = { profile: profileOf({ shardLimits: { maxBytes: 100_000, maxRows: 40 } }) };
  const whole = await inOnePass([file], shape);
  const { store, job, filesOf } = openJob([file], shape);
  const dividing = { sliceBytes: 2_000, time: undefined };
  await buildDivided(store, job, dividing);
  for (const { slice } of await slicesObject.require(store, job.jobId))
    await buildSlice(store, job, slice, { createRequests });
  await buildDivided(store, job, dividing);
  return { store, job, filesOf, whole, dividing };
}

test('a slice starts again if another call has stopped at an earlier row of it', async () => {
  const { store, job, filesOf, whole, dividing } = await openNoted();
  let stopped = 0;

  for (const { slice } of await slicesObject.require(store, job.jobId)) {
    const before = new Set(Object.keys(filesOf()));
    const made = await buildSlice(store, job, slice, { createRequests, time: shortEvery(1) });
    if (made === undefined) continue;
    stopped += 1;
    for (const key of Object.keys(filesOf())) if (!before.has(key)) await store.put(key, '');
    await buildSlice(store, job, slice, { createRequests });
  }

  expect(stopped).toBeGreaterThan(0);
  expect(await buildDivided(store, job, dividing)).toEqual(whole.plan);
  expect(filesOf()).toEqual(whole.files);
});

test('a call that is overtaken by another call of its slice leaves the shards of that call as they are', async () => {
  const { store, job, filesOf, whole, dividing } = await openNoted();

  for (const { slice } of await slicesObject.require(store, job.jobId)) {
    let isOvertaken = false;
    const slow: ObjectStore = {
      ...store,
      open: async (key, options) => {
        if (!isOvertaken && key === 'input/rows.jsonl') {
          isOvertaken = true;
          await buildSlice(store, job, slice, { createRequests });
        }
        return store.open(key, options);
      },
    };
    expect(await buildSlice(slow, job, slice, { createRequests, time: shortEvery(1) })).toBeUndefined();
  }

  expect(await buildDivided(store, job, dividing)).toEqual(whole.plan);
  expect(filesOf()).toEqual(whole.files);
});

test.each([
  ['noting', 1],
  ['noting its later rows', 5],
])(
  'a job whose slices take the whole time of a call in %s is built in one pass, to the same bytes',
  async (_, looks) => {
    const file = manyRows(300);
    const whole = await inOnePass([file], shapeOf());
    let looked = 0;
    const time = { isShort: () => false, isOver: () => (looked += 1) >= looks };

    const sliced = await inSlices([file], { sliceBytes: 2_000, shape: shapeOf(), time });

    expect(looked).toBeGreaterThanOrEqual(looks);
    expect(sliced).toMatchObject({ plan: whole.plan, files: whole.files, slices: 0 });
  },
);

test('a call that has no time to note a slice keeps the notes of another call, which was faster', async () => {
  const file = manyRows(300);
  const whole = await inOnePass([file], shapeOf());
  const { job, store, filesOf } = openJob([file], shapeOf());
  const dividing = { sliceBytes: 2_000, time: undefined };
  const slow = { isShort: () => true, isOver: () => true };
  let steps = 0;
  for (; steps < 10; steps += 1) {
    const built = await buildDivided(store, job, dividing);
    if (built !== undefined && built !== 'whole' && 'problems' in built) {
      expect(built).toEqual(whole.plan);
      break;
    }
    const list = await slicesObject.require(store, 'job-1');
    for (const { slice } of list) {
      if (steps === 0) await overtake(store, job, slice, slow);
      else await buildSlice(store, job, slice, { createRequests });
    }
  }
  expect(steps).toBe(2);
  expect(filesOf()).toEqual(whole.files);
});

/** Builds a slice in a slow call, during which a faster call builds the whole slice. */
async function overtake(store: ObjectStore, job: Job, slice: number, time: StepTime): Promise<void> {
  const write = (key: string): ObjectWriter => {
    const writer = store.write(key);
    const faster = (): Promise<unknown> => buildSlice(store, job, slice, { createRequests });
    return {
      get bytes() {
        return writer.bytes;
      },
      write: (chunk) => writer.write(chunk),
      close: async () => {
        await faster();
        await writer.close();
      },
      abort: async () => {
        await faster();
        await writer.abort();
      },
    };
  };
  await buildSlice({ ...store, write }, job, slice, { createRequests, time });
}
