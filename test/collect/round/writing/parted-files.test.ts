import { expect, test } from 'vitest';
import { roundKey } from '../../../../src/checkpoints/keys.ts';
import { PartedFiles } from '../../../../src/collect/round/writing/parted-files.ts';
import type { ObjectStore } from '../../../../src/store/object-store.ts';
import { createMemoryStore } from '../../../support/memory-store.ts';

const REF = { jobId: 'job', shard: 0, round: 1 };
const RESULTS = roundKey(REF, 1, 'results.jsonl');
const KEYS = { results: RESULTS };

/** Two calls that each write one line into a part of their own. */
async function writeInParts(store: ObjectStore) {
  const first = new PartedFiles(store, KEYS);
  await first.writers.results.write('one\n');
  const second = new PartedFiles(store, KEYS, await first.close());
  await second.writers.results.write('two\n');
  return second.close();
}

test('two calls that join the parts of a round at the same time write each row once', async () => {
  const store = createMemoryStore(100);
  const parts = await writeInParts(store);
  const other: ObjectStore = {
    ...store,
    // The other call listed the parts before this call joined them.
    concat: async (...args) => {
      await new PartedFiles(store, KEYS).join(parts);
      await store.concat(...args);
    },
  };

  await new PartedFiles(other, KEYS).join(parts);

  expect((await store.get(RESULTS))?.toString()).toBe('one\ntwo\n');
});
