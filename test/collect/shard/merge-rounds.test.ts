import { expect, test } from 'vitest';
import { roundKey, shardKey } from '../../../src/checkpoints/keys.ts';
import { mergeRounds } from '../../../src/collect/shard/merge-rounds.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { countOpen } from '../../support/count-open.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const REF = { jobId: 'job', shard: 0 };
const line = (id: string): string => `{"custom_id":"${id}","ok":true}\n`;

/** Writes two rounds of three rows; the second row has its result in round 2. */
async function putRounds(store: ObjectStore): Promise<void> {
  await store.put(roundKey(REF, 1, 'results.jsonl'), `${line('a')}\n${line('c')}`);
  await store.put(roundKey(REF, 1, 'dead-letters.jsonl'), '\n\n\n');
  await store.put(roundKey(REF, 2, 'results.jsonl'), line('b'));
  await store.put(roundKey(REF, 2, 'dead-letters.jsonl'), '\n');
  const sources = [1, 2, 3].map((n) => `{"file":"f","line":${n}}\n`).join('');
  await store.put(shardKey(REF, 'sources.jsonl'), sources);
}

test('a merge of rounds closes every file that it reads, also when each file has further lines in its last chunk', async () => {
  const { store, open } = countOpen(createMemoryStore(1_000));
  await putRounds(store);

  const merged = await mergeRounds(store, { ref: REF, nextRound: 3, hasRoundZero: false });

  expect(merged.rows).toBe(3);
  expect(open()).toEqual([]);
});

test.each(['results.jsonl', 'dead-letters.jsonl'] as const)(
  'a merge of rounds that cannot write %s closes every file that it reads',
  async (name) => {
    const { store, open } = countOpen(createMemoryStore(1));
    await putRounds(store);
    const full: ObjectStore = {
      ...store,
      write(key) {
        const writer = store.write(key);
        if (key === shardKey(REF, name)) writer.write = () => Promise.reject(new Error('The disk is full.'));
        return writer;
      },
    };

    const merge = mergeRounds(full, { ref: REF, nextRound: 3, hasRoundZero: false });

    await expect(merge).rejects.toThrowError('The disk is full.');
    expect(open()).toEqual([]);
  },
);

test('a merge of rounds that misses the last round of a row closes every file that it reads', async () => {
  const { store, open } = countOpen(createMemoryStore(1));
  await putRounds(store);

  const merge = mergeRounds(store, { ref: REF, nextRound: 2, hasRoundZero: false });

  await expect(merge).rejects.toThrowError('Shard 0 of job job has a row whose last round is missing.');
  expect(open()).toEqual([]);
});
