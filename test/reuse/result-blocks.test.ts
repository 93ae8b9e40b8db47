import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { shardKey } from '../../src/checkpoints/keys.ts';
import { ResultBlocks } from '../../src/reuse/result-blocks.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { trials } from '../support/exhaustive.ts';

interface RowOfShard {
  readonly ok: boolean;
  readonly bytes: number;
}

const rowOfShard = fc.record({
  ok: fc.boolean(),
  bytes: fc.oneof(fc.nat(200), fc.integer({ min: 20_000, max: 200_000 })),
});

trials(15, 60).test(
  'the lines of any rows are found, with their dead letters, in small blocks and large ones',
  async (numRuns) => {
    const store = createMemoryStore();
    const result = ({ ok, bytes }: RowOfShard, n: number): string =>
      `${JSON.stringify({ custom_id: `q${n}`, ok, text: 'x'.repeat(bytes) })}\n`;
    const letter = (n: number): string => `${JSON.stringify({ custom_id: `q${n}`, body: { n } })}\n`;
    let jobs = 0;

    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(rowOfShard, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 3 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        async (shards, picks) => {
          const jobId = `j${(jobs += 1)}`;
          const blocks = new ResultBlocks(store);
          let first = 0;
          for (const [shard, rows] of shards.entries()) {
            const from = first;
            const dead = rows.flatMap(({ ok }, n) => (ok ? [] : [letter(from + n)]));
            await store.put(
              shardKey({ jobId, shard }, 'results.jsonl'),
              rows.map((row, n) => result(row, from + n)).join(''),
            );
            if (dead.length > 0)
              await store.put(shardKey({ jobId, shard }, 'dead-letters.jsonl'), dead.join(''));
            await blocks.add({ jobId, shard, deadLetters: dead.length });
            first += rows.length;
          }
          const all = shards.flat();
          const positions = picks.map((pick) => pick % all.length);

          const found = await blocks.read(positions);

          expect(new Set(found.keys())).toEqual(new Set(positions));
          for (const [position, settled] of found) {
            const row = all[position] ?? { ok: true, bytes: 0 };
            expect(settled.result.toString()).toBe(result(row, position));
            expect(settled.deadLetter?.toString()).toBe(row.ok ? undefined : letter(position));
          }
        },
      ),
      { numRuns },
    );
  },
);

test('a row that is in no shard is an error', async () => {
  const store = createMemoryStore();
  await store.put(shardKey({ jobId: 'j', shard: 0 }, 'results.jsonl'), '{"custom_id":"a","ok":true}\n');
  const blocks = new ResultBlocks(store);
  await blocks.add({ jobId: 'j', shard: 0, deadLetters: 0 });

  await expect(blocks.read([1])).rejects.toThrow('no result of row 2');
});
