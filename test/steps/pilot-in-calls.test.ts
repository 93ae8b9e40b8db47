import { describe, expect, test } from 'vitest';
import { jobObject, type Job } from '../../src/checkpoints/job.ts';
import { shardsPrefix } from '../../src/checkpoints/keys.ts';
import { pilotDraftObject } from '../../src/checkpoints/pilot.ts';
import { planObject, type Plan } from '../../src/checkpoints/plan.ts';
import type { StepTime } from '../../src/pace.ts';
import { buildRequests } from '../../src/steps/build-requests.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { profileOf } from '../rows/build.ts';

const JOB_ID = 'job-1';
const ALWAYS_SHORT: StepTime = { isShort: () => true, isOver: () => false };

const rows = (file: string, ids: number, isValid: (n: number) => boolean = () => true): Buffer =>
  Buffer.from(
    Array.from({ length: ids }, (_, n) =>
      JSON.stringify({ custom_id: `${file}-${n}`, ...(isValid(n) && { prompt: 'hi' }) }),
    )
      .map((line) => `${line}\n`)
      .join(''),
  );

const INPUTS: Readonly<Record<string, Buffer>> = {
  'a.jsonl': rows('a', 31, (n) => n % 5 !== 0),
  'b.jsonl': rows('b', 3),
  'c.jsonl': rows('c', 20),
};

const JOB: Job = {
  jobId: JOB_ID,
  inputs: Object.keys(INPUTS).map((name) => ({ key: `input/${name}` })),
  createdAt: '2026-11-01T00:00:00.000Z',
  profile: profileOf({ shardLimits: { maxBytes: 1_000_000, maxRows: 6 }, pilot: { rows: 7, maxBad: 0.5 } }),
};

interface Built {
  readonly plan: Plan | undefined;
  readonly files: Readonly<Record<string, string>>;
  readonly calls: number;
  /** Rows that were counted so far, one entry per call that stopped while it counted. */
  readonly counted: readonly number[];
}

async function build(
  time: StepTime | undefined,
  after: (store: ObjectStore, call: number) => Promise<void> = () => Promise.resolve(),
): Promise<Built> {
  const objects = new Map(Object.entries(INPUTS).map(([name, bytes]) => [`input/${name}`, bytes]));
  const store = createMemoryStore(509, objects);
  await jobObject.write(store, JOB_ID, JOB);
  const edges = { store, clock: { now: () => 0 }, random: () => 0, log: () => undefined, time };
  const counted: number[] = [];
  for (let calls = 1; calls < 500; calls += 1) {
    const context = await buildRequests(edges, { jobId: JOB_ID });
    const draft = await pilotDraftObject.read(store, JOB_ID);
    if (draft?.counted !== undefined && draft.picked === undefined) counted.push(draft.counted.shards);
    await after(store, calls);
    if ('building' in context) continue;
    const shards = [...objects.entries()].filter(([key]) => key.startsWith(shardsPrefix(JOB_ID)));
    const files = Object.fromEntries(shards.map(([key, bytes]) => [key, String(bytes)]));
    return { plan: await planObject.read(store, JOB_ID), files, calls, counted };
  }
  throw new Error('The build does not end.');
}

describe('a pilot of a job with several inputs', () => {
  test('counts the rows of each input over several calls, and has the same rows as in one call', async () => {
    const whole = await build(undefined);
    const inCalls = await build(ALWAYS_SHORT);

    expect(whole.calls).toBe(1);
    expect(inCalls.counted.length).toBeGreaterThan(3);
    expect(inCalls.counted).toEqual(inCalls.counted.toSorted((a, b) => a - b));
    expect(inCalls.plan).toEqual(whole.plan);
    expect(inCalls.files).toEqual(whole.files);
  });

  test('ends with the planned rows if another call cuts a shard while the pilot is made', async () => {
    const whole = await build(undefined);
    let isCut = false;
    const cut = async (store: ObjectStore): Promise<void> => {
      const draft = await pilotDraftObject.read(store, JOB_ID);
      if (isCut || draft?.picked === undefined) return;
      isCut = true;
      const last = `${shardsPrefix(JOB_ID)}00007/round-1.requests.jsonl`;
      await store.put(last, (await store.get(last))?.subarray(0, 10) ?? '');
    };

    const { plan, files } = await build(ALWAYS_SHORT, cut);

    expect(isCut).toBe(true);
    expect(plan).toEqual(whole.plan);
    expect(files).toEqual(whole.files);
  });
});
