import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { shardKey } from '../../src/checkpoints/keys.ts';
import type { Batch } from '../../src/provider/batch-provider.ts';
import { trials } from '../support/exhaustive.ts';
import {
  type Collecting,
  errorLine,
  ids,
  lateIn,
  okLine,
  openShard,
  REF,
  requestsOf,
} from './collected-shard.ts';

describe('the results', () => {
  trials(6, 60).test(
    'hold every row once, in input order, with any results of the rounds',
    async (numRuns) => {
      const fate = fc.constantFrom('ok', 'permanent', 'retriable', 'missing', 'twice', 'invalid');
      const scenario = fc.record({
        rows: fc.array(fc.array(fate, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 12 }),
        order: fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        intoErrors: fc.boolean(),
        inPlace: fc.boolean(),
      });

      await fc.assert(
        fc.asyncProperty(scenario, async ({ rows, order, intoErrors, inPlace }) => {
          const invalid = rows.flatMap(([first], row) => (first === 'invalid' ? [row] : []));
          const shard = await openShard(rows.length, invalid, 3, inPlace);
          let context: Collecting | undefined;
          for (let round = 1; round <= 3 && context?.next !== 'done'; round += 1) {
            const sent = await requestsOf(shard.store, round);
            if (sent.length === 0) break;
            const lines = sent.flatMap((id) => linesFor(id, rows[Number(id.slice(1))]?.[round - 1]));
            const shuffled = lines
              .map((line) => ({ line, at: order.next().value ?? 0 }))
              .toSorted((a, b) => a.at - b.at);
            const [bad, good] = partition(
              shuffled.map(({ line }) => line),
              (line) => intoErrors && line.includes('"m"'),
            );
            // The counters show which rows were not processed. Without them, a missing line would not be evidence.
            const batch = {
              status: 'expired',
              ending: 'expired',
              counts: countsOf(lines, sent.length),
            } as const;
            const found = { batch, output: good.join(''), errors: bad.join('') };
            const look = await shard.collect(context, found);
            // Counters of zero are evidence only when a second look finds the same.
            context =
              look.next === 'look'
                ? await shard.collect(context, { ...found, secondsLater: 600, polled: lateIn(look) })
                : look;
            const before = await snapshot(shard.folder);
            await shard.collect({ round, lastRound: context.lastRound ?? 3 }, {});
            expect(await snapshot(shard.folder)).toEqual(before);
          }

          const { summary, results, deadLetters } = await shard.write();

          expect(results.map(({ custom_id }) => custom_id)).toEqual(ids(rows.length));
          expect(results.map((line) => (line.ok ? 'ok' : line.outcome))).toEqual(rows.map(expectedOutcome));
          expect(deadLetters.map(({ custom_id }) => custom_id)).toEqual(
            results.filter((line) => !line.ok).map(({ custom_id }) => custom_id),
          );
          expect(Object.values(summary.counts).reduce((sum, count) => sum + count, 0)).toBe(rows.length);
        }),
        { numRuns },
      );
    },
  );
});

function linesFor(id: string, fate = 'ok'): string[] {
  if (fate === 'missing') return [];
  if (fate === 'permanent') return [errorLine(id, 'INFERENCE_3207')];
  if (fate === 'retriable') return [errorLine(id, 'INFERENCE_3107')];
  return fate === 'twice' ? [okLine(id), okLine(id)] : [okLine(id)];
}

/** Counters of a batch that processed only the rows with a line. */
function countsOf(lines: readonly string[], total: number): Batch['counts'] {
  const done = new Set(lines.map((line) => (JSON.parse(line) as { custom_id: string }).custom_id)).size;
  return { total, succeeded: done, failed: 0 };
}

/** A simple definition: the first round that settles the row decides. */
function expectedOutcome(fates: readonly string[]): string {
  if (fates[0] === 'invalid') return 'invalid';
  for (const fate of fates) {
    if (fate === 'permanent') return 'failed';
    if (fate !== 'retriable' && fate !== 'missing') return 'ok';
  }
  return 'exhausted';
}

function partition(lines: readonly string[], test: (line: string) => boolean): [string[], string[]] {
  return [lines.filter((line) => test(line)), lines.filter((line) => !test(line))];
}

/** The content of every file of the shard. */
async function snapshot(folder: string): Promise<Record<string, string>> {
  const shard = join(folder, shardKey(REF, 'done.json'), '..');
  const names = (await readdir(shard)).toSorted();
  const contents = await Promise.all(names.map((name) => readFile(join(shard, name), 'utf8')));
  return Object.fromEntries(names.map((name, n) => [name, contents[n] ?? '']));
}
