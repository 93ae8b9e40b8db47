import { expect, test } from 'vitest';
import type { Job } from '../../src/checkpoints/job.ts';
import { outputPrefix } from '../../src/checkpoints/keys.ts';
import { buildShards } from '../../src/rows/build-shards.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { profileOf } from '../rows/build.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { endJob } from './earlier-job.ts';

/** Counts the store calls of a build with this number of rows, of which an earlier job has answered all but the last. */
async function requestsFor(rows: number): Promise<{ readonly all: number; readonly ofEarlier: string[] }> {
  const store = createMemoryStore(65_536);
  const lines = Array.from({ length: rows }, (_, n) => `${JSON.stringify({ prompt: `row ${n}` })}\n`);
  await store.put('input/earlier.jsonl', lines.slice(1).toReversed().join(''));
  await store.put('input/rows.jsonl', lines.join(''));
  const job: Job = {
    jobId: 'job',
    inputs: [{ key: 'input/rows.jsonl' }],
    createdAt: '2026-11-02T00:00:00.000Z',
    profile: profileOf({ reuse: 'always', shardLimits: { maxBytes: 100_000_000, maxRows: 50_000 } }),
  };
  const createdAt = '2026-11-01T00:00:00.000Z';
  await endJob(store, { ...job, jobId: 'earlier', inputs: [{ key: 'input/earlier.jsonl' }], createdAt });
  const asked: string[] = [];
  const plan = await buildShards(counting(store, asked), job);
  expect(plan.reused?.rows).toBe(rows - 1);
  return { all: asked.length, ofEarlier: asked.filter((key) => key.startsWith(outputPrefix('earlier'))) };
}

function counting(store: ObjectStore, asked: string[]): ObjectStore {
  const note = (key: string): string => {
    asked.push(key);
    return key;
  };
  return {
    ...store,
    get: (key, options) => store.get(note(key), options),
    open: (key, options) => store.open(note(key), options),
    stat: (key) => store.stat(note(key)),
    put: (key, bytes) => store.put(note(key), bytes),
    write: (key) => store.write(note(key)),
    list: (prefix, options) => store.list(note(prefix), options),
  };
}

test('answers of earlier jobs are read with few requests, for any number and order of rows', async () => {
  const [few, many] = [await requestsFor(20), await requestsFor(5_000)];

  expect(few.ofEarlier.length).toBeLessThan(4);
  expect(many).toEqual(few);
});
