import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { roundKey, shardKey } from '../../../src/checkpoints/keys.ts';
import type { SavedPass } from '../../../src/checkpoints/shard/saved-pass.ts';
import { GoesOnLater } from '../../../src/collect/round/files/downloads.ts';
import { mergeRounds, type Merged } from '../../../src/collect/shard/merge-rounds.ts';
import type { StepTime } from '../../../src/pace.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { failingAt } from '../../support/failing-at.ts';

const REF = { jobId: 'job', shard: 0 };
const FAILURE = { name: 'ProviderDenied', code: 'NO', message: 'No more.' };

/** A row with the round that settles it (a later round than the last: the shard stopped before), whether it is ok, and the size of its line. */
interface Row {
  readonly round: number;
  readonly isOk: boolean;
  readonly size: number;
}

const ROUNDS = 3;
const rowsOf = fc.array(
  fc.record({
    round: fc.integer({ min: 0, max: ROUNDS + 1 }),
    isOk: fc.boolean(),
    size: fc.integer({ min: 0, max: 400 }),
  }),
  { minLength: 1, maxLength: 60 },
);

const resultOf = ({ isOk, size }: Row, n: number): string =>
  isOk
    ? `${JSON.stringify({ custom_id: `q${n}`, ok: true, text: 'ü'.repeat(size) })}\n`
    : `${JSON.stringify({ custom_id: `q${n}`, ok: false, outcome: 'failed', error: { code: 'X', message: 'y' }, retry: false })}\n`;
const requestOf = (n: number): string => `${JSON.stringify({ custom_id: `q${n}`, body: { n } })}\n`;

/** Writes the rounds of a shard. Rows of round 4 were not sent before the shard stopped. */
async function putShard(store: ObjectStore, rows: readonly Row[], hasSources: boolean): Promise<void> {
  for (let round = 0; round <= ROUNDS; round += 1) {
    const own = [...rows.entries()].filter(([, row]) => row.round >= round);
    const lines = own.map(([n, row]) => (row.round === round ? resultOf(row, n) : '\n'));
    const letters = own.map(([n, row]) => (row.round === round && !row.isOk ? requestOf(n) : '\n'));
    await store.put(roundKey(REF, round, 'results.jsonl'), lines.join(''));
    await store.put(roundKey(REF, round, 'dead-letters.jsonl'), letters.join(''));
  }
  const left = [...rows.entries()].filter(([, row]) => row.round > ROUNDS);
  await store.put(roundKey(REF, ROUNDS + 1, 'requests.jsonl'), left.map(([n]) => requestOf(n)).join(''));
  const sources = rows.map((_, n) => `{"file":"f","line":${n}}\n`).join('');
  if (hasSources) await store.put(shardKey(REF, 'sources.jsonl'), sources);
}

const ALWAYS_SHORT: StepTime = { isShort: () => true, isOver: () => false };

interface Ended {
  readonly merged: Merged;
  readonly calls: number;
  readonly results: string | undefined;
  readonly deadLetters: string | undefined;
}

/**
 * Merges in as many calls as necessary.
 * @param crashes for each call, the change at which it dies before it is repeated
 */
async function mergeAll(
  rows: readonly Row[],
  hasSources: boolean,
  { time, crashes = [] }: { readonly time?: StepTime; readonly crashes?: readonly number[] },
): Promise<Ended> {
  const store = createMemoryStore(97);
  await putShard(store, rows, hasSources);
  let before: SavedPass | undefined;
  const call = (of: ObjectStore, crash: number): Promise<Merged> =>
    mergeRounds(of, {
      ref: REF,
      nextRound: ROUNDS + 1,
      hasRoundZero: true,
      failure: FAILURE,
      time: {
        time,
        rows: rows.length,
        before,
        save: async (pass) => {
          if (crash <= 1) throw new Error('The process died.');
          before = pass;
        },
      },
    });
  for (let calls = 1; calls < 100; calls += 1) {
    const crash = crashes[calls - 1] ?? 99;
    const merged = await call(failingAt(store, crash), crash).catch((error: unknown) => error as Error);
    if (merged instanceof GoesOnLater || (merged instanceof Error && crash < 99)) continue;
    if (merged instanceof Error) throw merged;
    const [results, deadLetters] = [
      await store.get(shardKey(REF, 'results.jsonl')),
      await store.get(shardKey(REF, 'dead-letters.jsonl')),
    ];
    return { merged, calls, results: results?.toString(), deadLetters: deadLetters?.toString() };
  }
  throw new Error('The merge does not end.');
}

describe('joining the rounds of a shard', () => {
  test('comes to the same files in any number of calls, and after a crash at any change of each call', async () => {
    await fc.assert(
      fc.asyncProperty(
        rowsOf,
        fc.boolean(),
        fc.boolean(),
        fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 8 }),
        async (rows, hasSources, isShort, crashes) => {
          const whole = await mergeAll(rows, hasSources, {});

          const divided = await mergeAll(rows, hasSources, {
            ...(isShort && { time: ALWAYS_SHORT }),
            crashes,
          });

          const { calls: _one, ...expected } = whole;
          expect(divided).toMatchObject(expected);
          expect(whole.results?.split('\n')).toHaveLength(rows.length + 1);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('moves on in each call however short its time is, and takes at most seventeen calls', async () => {
    const rows = Array.from({ length: 160 }, (_, n) => ({ round: n % 5, isOk: n % 3 > 0, size: n }));

    const { calls } = await mergeAll(rows, true, { time: ALWAYS_SHORT });

    expect(calls).toBeGreaterThan(10);
    expect(calls).toBeLessThanOrEqual(17);
  });

  test('begins anew if a round was collected again between two calls', async () => {
    const rows = Array.from({ length: 32 }, (_, n) => ({ round: 1, isOk: true, size: n }));
    const store = createMemoryStore(97);
    await putShard(store, rows, false);
    let before: SavedPass | undefined;
    const call = (): Promise<Merged> =>
      mergeRounds(store, {
        ref: REF,
        nextRound: 2,
        hasRoundZero: false,
        time: { time: ALWAYS_SHORT, rows: 32, before, save: async (pass) => void (before = pass) },
      });
    await expect(call()).rejects.toThrow(GoesOnLater);
    await putShard(
      store,
      rows.map((row) => ({ ...row, size: row.size + 1 })),
      false,
    );

    let merged: Merged | undefined;
    for (let calls = 1; merged === undefined && calls < 40; calls += 1)
      merged = await call().catch((error: unknown) => {
        if (!(error instanceof GoesOnLater)) throw error;
        return undefined;
      });

    const results = (await store.get(shardKey(REF, 'results.jsonl')))?.toString();
    expect(results).toBe(rows.map((row, n) => resultOf({ ...row, size: row.size + 1 }, n)).join(''));
  });
});
