import * as fc from 'fast-check';
import { expect } from 'vitest';
import { shardKey } from '../../../src/checkpoints/keys.ts';
import { fillShard } from '../../../src/collect/shard/fill-shard.ts';
import { LeadingRows } from '../../../src/collect/shard/leading-rows.ts';
import { FollowerTally } from '../../../src/collect/shard/follower-tally.ts';
import { followLine } from '../../../src/reuse/follow-line.ts';
import { ResultBlocks } from '../../../src/reuse/result-blocks.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { trials } from '../../support/exhaustive.ts';

/** A row that was sent, or a row that gets the line of an earlier row: `follows` counts the rows that were sent. */
type Row = { readonly ok: boolean; readonly bytes: number } | { readonly follows: number };

const row: fc.Arbitrary<Row> = fc.oneof(
  fc.record({ ok: fc.boolean(), bytes: fc.nat(3_000) }),
  fc.record({ follows: fc.nat() }),
);

const resultOf = (id: string, ok: boolean, bytes: number): object => ({
  custom_id: id,
  ok,
  ...(ok ? { text: 'x'.repeat(bytes) } : { outcome: 'failed', error: { code: 'C', message: 'm' } }),
  round: 1,
});

trials(15, 60).test(
  'rows get the lines of the rows that lead them, in order, with any memory limit',
  async (numRuns) => {
    const store = createMemoryStore();
    let jobs = 0;

    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 40 }),
        fc.constantFrom(1, 1_000, 10_000, undefined),
        async (rows, windowBytes) => {
          const shard = 0;
          const jobId = `j${(jobs += 1)}`;
          const sent: { readonly at: number; readonly ok: boolean; readonly bytes: number }[] = [];
          const [merged, letters, results, deadLetters]: string[][] = [[], [], [], []];
          for (const [at, each] of rows.entries()) {
            const leader = 'follows' in each ? sent[each.follows % Math.max(1, sent.length)] : undefined;
            const { ok, bytes } = leader ?? ('ok' in each ? each : { ok: true, bytes: 0 });
            const letter = `${JSON.stringify({ custom_id: `q${at}`, body: { ok } })}\n`;
            const result = resultOf(`q${at}`, ok, bytes);
            if (leader === undefined) {
              sent.push({ at, ok, bytes });
              merged?.push(`${JSON.stringify(result)}\n`);
              results?.push(`${JSON.stringify(result)}\n`);
              if (!ok) letters?.push(letter);
            } else {
              merged?.push(followLine(`q${at}`, leader.at).toString());
              results?.push(`${JSON.stringify({ ...result, answeredBy: `q${leader.at}` })}\n`);
            }
            if (!ok) deadLetters?.push(letter);
          }
          const ref = { jobId, shard };
          await store.put(shardKey(ref, 'results.jsonl'), (merged ?? []).join(''));
          await store.put(shardKey(ref, 'dead-letters.jsonl'), (letters ?? []).join(''));
          const of = { jobId, shard, deadLetters: letters?.length ?? 0 };
          const blocks = new ResultBlocks(store);
          await blocks.add(of);
          const leading = new LeadingRows(Infinity, blocks, new ResultBlocks(store));
          const tally = new FollowerTally();

          expect(await fillShard(store, of, { rows: leading, tally, windowBytes })).toBe(deadLetters?.length);

          const textOf = async (
            file: 'filled-results.jsonl' | 'filled-dead-letters.jsonl',
          ): Promise<string> => (await store.get(shardKey(ref, file)))?.toString('utf8') ?? '';
          expect(await textOf('filled-results.jsonl')).toBe((results ?? []).join(''));
          expect(await textOf('filled-dead-letters.jsonl')).toBe((deadLetters ?? []).join(''));
          expect(tally.sums().rows).toBe(rows.length - sent.length);
          expect(tally.sums().counts.failed).toBe((deadLetters?.length ?? 0) - (letters?.length ?? 0));
        },
      ),
      { numRuns },
    );
  },
);
