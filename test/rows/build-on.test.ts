import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StepTime } from '../../src/pace.ts';
import { FastRequests } from '../../src/fast-path/fast-requests.ts';
import type { Job } from '../../src/checkpoints/job.ts';
import { buildPrefix, shardsPrefix } from '../../src/checkpoints/keys.ts';
import type { Plan } from '../../src/checkpoints/plan.ts';
import { RequestHash } from '../../src/reuse/request-hash.ts';
import { buildOn, buildShards, isPlan, type BuildParts } from '../../src/rows/build-shards.ts';
import { buildStateObject, forgetBuildState } from '../../src/rows/build-state.ts';
import { createUniqueIds } from '../../src/rows/unique-ids.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { profileOf } from './build.ts';

/** Its time is short at every nth look. */
function shortEvery(nth: number): StepTime {
  let looks = 0;
  return { isShort: () => (looks += 1) % nth === 0, isOver: () => false };
}

interface InputFile {
  readonly name: string;
  readonly content: Buffer;
}

interface Outcome {
  readonly plan: Plan | string;
  readonly calls: number;
  /** Every file of the job's shards, by key. */
  readonly files: Readonly<Record<string, string>>;
}

const createRequests = (rules: ConstructorParameters<typeof FastRequests>[0]) => new FastRequests(rules);

function openJob(inputs: readonly InputFile[], shape: Partial<Job> = {}) {
  const objects = new Map(inputs.map(({ name, content }) => [`input/${name}`, content]));
  const job: Job = {
    jobId: 'job-1',
    inputs: inputs.map(({ name }) => ({ key: `input/${name}` })),
    createdAt: '2026-11-01T00:00:00.000Z',
    profile: profileOf({ shardLimits: { maxBytes: 10_000, maxRows: 5 } }),
    ...shape,
  };
  const filesOf = (): Record<string, string> =>
    Object.fromEntries(
      [...objects.entries()]
        .filter(([key]) => key.startsWith(shardsPrefix('job-1')))
        .map(([key, bytes]) => [key, bytes.toString('latin1')]),
    );
  return { job, store: createMemoryStore(509, objects), filesOf };
}

/** What an error says is what a plan would be. */
const asText = (error: unknown): string => (error as Error).message;

async function inOnePass(inputs: readonly InputFile[], shape?: Partial<Job>): Promise<Outcome> {
  const { job, store, filesOf } = openJob(inputs, shape);
  const plan = await buildShards(store, job, { createRequests }).catch(asText);
  return { plan, calls: 1, files: filesOf() };
}

async function inCalls(
  inputs: readonly InputFile[],
  time: StepTime,
  { shape, ...parts }: Pick<BuildParts, 'createIds' | 'createHash'> & { readonly shape?: Partial<Job> } = {},
): Promise<Outcome> {
  const { job, store, filesOf } = openJob(inputs, shape);
  for (let calls = 1; calls < 2_000; calls += 1) {
    const from = await buildStateObject.read(store, 'job-1');
    const plan = await buildOn(store, job, { createRequests, ...parts, time, from }).catch(asText);
    if (typeof plan === 'string' || isPlan(plan)) {
      await forgetBuildState(store, 'job-1');
      expect(await Array.fromAsync(store.list(buildPrefix('job-1')))).toEqual([]);
      return { plan, calls, files: filesOf() };
    }
  }
  throw new Error('The build does not end.');
}

const prompt = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.constantFrom('plain', 'two\nlines', 'a "quoted" word', ',', '', 'ä€😀', '   ', 'long '.repeat(60)),
);
/** Few ids, so that many rows have one that another row has, in whichever call; and none. */
const row = fc.record({ id: fc.option(fc.nat(12).map((n) => `q${n}`)), prompt });
type Made = { readonly id: string | null; readonly prompt: string };

/** What a reader looks at to recognise a file comes as one batch, so the rows that are divided stand behind it. */
const START: readonly Made[] = Array.from({ length: 12 }, (_, n) => ({
  id: n % 2 === 0 ? `start-${n}` : null,
  prompt: 'x'.repeat(6_000),
}));

const asObject = ({ id, prompt: text }: Made): object => ({
  ...(id !== null && { custom_id: id }),
  prompt: text,
});
const quote = (cell: string): string => `"${cell.replaceAll('"', '""')}"`;
const asLine = ({ prompt: text }: Made): string => text.replaceAll(/[\r\n\0]/g, ' ');

interface Writing {
  readonly lineEnd: string;
  readonly bom: boolean;
}

/** Content by format. */
const FORMATS: Readonly<Record<string, (rows: readonly Made[], writing: Writing) => Buffer>> = {
  '.jsonl': (rows, { lineEnd, bom }) =>
    text(
      rows.map((each) => (each.prompt === ',' ? '{"broken' : JSON.stringify(asObject(each)))),
      lineEnd,
      bom,
    ),
  '.json': (rows) => Buffer.from(JSON.stringify(rows.map(asObject), undefined, 1)),
  '.txt': (rows, { lineEnd, bom }) => text(rows.map(asLine), lineEnd, bom),
  '.csv': (rows, { lineEnd, bom }) =>
    text(['custom_id,prompt', ...rows.map((each) => `${each.id ?? ''},${quote(each.prompt)}`)], lineEnd, bom),
  '.tsv': (rows, { lineEnd, bom }) =>
    text(
      ['custom_id\tprompt', ...rows.map((each) => `${each.id ?? ''}\t${asLine(each).replaceAll('\t', ' ')}`)],
      lineEnd,
      bom,
    ),
};

function text(lines: readonly string[], lineEnd: string, bom: boolean): Buffer {
  return Buffer.from(`${bom ? '\uFEFF' : ''}${lines.map((line) => `${line}${lineEnd}`).join('')}`);
}

const utf16 = (content: Buffer): Buffer => Buffer.from(`\uFEFF${content.toString('utf8')}`, 'utf16le');

describe.each(Object.entries(FORMATS))('a %s file', (extension, write) => {
  test('is built to the same bytes in one pass and in any number of calls', async () => {
    const writing = fc.record({ lineEnd: fc.constantFrom('\n', '\r\n', '\r'), bom: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 40 }),
        writing,
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom('plain', 'gzip', 'utf-16'),
        fc.constantFrom(undefined, 'always'),
        async (rows, how, nth, wrapping, dedupe) => {
          const content = write([...START, ...rows], how);
          const half = content.length - 100;
          const file = {
            plain: { name: `rows${extension}`, content },
            // Several members, as `cat a.gz b.gz` makes them.
            gzip: {
              name: `rows${extension}.gz`,
              content: Buffer.concat([gzipSync(content.subarray(0, half)), gzipSync(content.subarray(half))]),
            },
            'utf-16': { name: `rows${extension}`, content: utf16(content) },
          }[wrapping] as InputFile;
          const second = { name: 'second.jsonl', content: Buffer.from('{"custom_id":"q1","prompt":"x"}\n') };
          const shape = { profile: profileOf({ shardLimits: { maxBytes: 10_000, maxRows: 5 }, dedupe }) };
          const whole = await inOnePass([file, second], shape);
          const divided = await inCalls([file, second], shortEvery(nth), { shape });
          expect(divided.plan).toEqual(whole.plan);
          // What a refused file leaves is never sent.
          if (typeof whole.plan !== 'string') expect(divided.files).toEqual(whole.files);
        },
      ),
      { numRuns: 20 },
    );
  });
});

const lines = (count: number): InputFile => ({
  name: 'rows.jsonl',
  content: Buffer.from(
    Array.from({ length: count }, (_, n) => `{"custom_id":"q${n}","prompt":"row ${n} of many"}\n`).join(''),
  ),
});

test('a build whose time is always short takes a batch per call, and ends', async () => {
  const { calls, plan } = await inCalls([lines(2_000)], { isShort: () => true, isOver: () => false });
  expect(calls).toBeGreaterThan(20);
  expect(plan).toMatchObject({ rows: 2_000, invalid: 0 });
});

test('a call that fails and is repeated goes on where the last saved one has stopped', async () => {
  const whole = await inOnePass([lines(1_700)]);
  const { job, store, filesOf } = openJob([lines(1_700)]);
  const time = shortEvery(3);
  for (let call = 1; ; call += 1) {
    const from = await buildStateObject.read(store, 'job-1');
    // The first try gets further than the call that is repeated, and its state is lost.
    const unsaved: ObjectStore = {
      ...store,
      put: () => Promise.reject(new Error('The store is down.')),
    };
    if (call > 1) await buildOn(unsaved, job, { createRequests, time: shortEvery(6), from }).catch(asText);
    const plan = await buildOn(store, job, { createRequests, time, from });
    if (!isPlan(plan)) continue;
    expect(plan).toEqual(whole.plan);
    expect(filesOf()).toEqual(whole.files);
    return;
  }
});

test('ids that only share a hash are found out, however the build and the search for them are divided', async () => {
  const file = lines(1_700);
  let attempts = 0;
  const seeds = new Set<number>();
  // Under the first seed all ids from the 1,690th on have the hash of the first.
  const createIds = (seed: number): ReturnType<typeof createUniqueIds> => {
    if (!seeds.has(seed)) attempts += 1;
    seeds.add(seed);
    const isFirst = attempts === 1;
    const real = createUniqueIds(seed);
    return { ...real, add: (id) => real.add(isFirst && Number(id.slice(1)) >= 1_690 ? 'q0' : id) };
  };
  const divided = await inCalls([file], shortEvery(2), { createIds });
  const whole = await inOnePass([file]);
  expect(divided.plan).toEqual(whole.plan);
  expect(divided.files).toEqual(whole.files);
  expect(attempts).toBe(2);
});

test('requests that were led to by a hash alone are found out, however the build and the search are divided', async () => {
  const repeated = Array.from(
    { length: 1_700 },
    (_, n) => `{"custom_id":"q${n}","prompt":"row ${n % 900} of many"}\n`,
  );
  const file = { name: 'rows.jsonl', content: Buffer.from(repeated.join('')) };
  const shape = {
    profile: profileOf({ shardLimits: { maxBytes: 10_000, maxRows: 5 }, dedupe: 'always' as const }),
  };
  const seeds: number[] = [];
  /** Under the first seed, two requests share their hash, and rows that repeat one follow the other. */
  const createHash = (seed: number): RequestHash => {
    if (!seeds.includes(seed)) seeds.push(seed);
    return seeds[0] === seed ? new ConfusedHash(seed) : new RequestHash(seed);
  };

  const divided = await inCalls([file], shortEvery(2), { shape, createHash });

  const whole = await inOnePass([file], shape);
  expect(whole.plan).toMatchObject({ rows: 1_700, deduplicated: 800 });
  expect(divided.plan).toEqual(whole.plan);
  // The first build may have begun more shards.
  expect(divided.files).toMatchObject(whole.files);
  expect(seeds).toHaveLength(2);
});

/** Takes two requests for the same. */
class ConfusedHash extends RequestHash {
  override take(line: Buffer, start: number): void {
    super.take(line, start);
    if (!line.includes('row 899 ') && !line.includes('row 898 ')) return;
    this.high = 7;
    this.low = 7;
  }
}

test('a file that cannot be entered in its middle, and takes all of the time to get there again, is refused', async () => {
  const zipped = { name: 'rows.jsonl.gz', content: gzipSync(lines(20_000).content) };
  let looks = 0;
  const time: StepTime = { isShort: () => true, isOver: () => (looks += 1) > 3 };
  const { plan } = await inCalls([zipped], time);
  expect(plan).toMatch(/rows\.jsonl\.gz cannot be entered in its middle.*Split it/);
});
