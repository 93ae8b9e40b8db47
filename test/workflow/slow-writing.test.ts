import { describe, expect, test } from 'vitest';
import { roundKey } from '../../src/checkpoints/keys.ts';
import { climbingObject, mergingObject } from '../../src/checkpoints/shard/saved-pass.ts';
import { writingObject } from '../../src/checkpoints/round/writing.ts';
import type { Fault } from '../../simulator/faults.ts';
import { EXHAUSTIVE, tableOf } from '../support/exhaustive.ts';
import { openWorld, prompts, type Ended, type RunOptions, type World } from './world.ts';
import { shortAfter } from './short-after.ts';

const ROWS = 200;

/** Rows that are answered, fail, succeed after a retry, and fail until their rounds are used up. */
const INPUT = prompts(ROWS, (n) => {
  if (n % 31 === 0) return `[fail:INFERENCE_3207] ${n}`;
  return n % 47 === 0 ? `[fail:INFERENCE_3107] ${n}` : `echo:${n} ${'ü'.repeat(60 + (n % 90))}`;
});

const FAULTS: readonly Fault[] = [
  { at: 'row', every: 13, action: { kind: 'error', code: 'INFERENCE_3107' }, times: 1 },
  { at: 'row', every: 29, action: { kind: 'unreadable' }, times: 1 },
  { at: 'row', every: 53, action: { kind: 'garbled' }, times: 1 },
  { at: 'row', every: 61, action: { kind: 'unknown' }, times: 1 },
  { at: 'row', every: 67, action: { kind: 'duplicate' } },
];

const REF = { jobId: 'test-rows-jsonl', shard: 0, round: 1 };

const collects = ({ events }: World): number =>
  events.filter(({ type, state }) => type === 'StateEntered' && state === 'Collect results').length;

let undisturbed: Promise<{ readonly ended: Ended; readonly calls: number }> | undefined;

function expected(): Promise<{ readonly ended: Ended; readonly calls: number }> {
  const run = async (): Promise<{ readonly ended: Ended; readonly calls: number }> => {
    const world = await openWorld({ faults: [...FAULTS] });
    const ended = await world.run(INPUT);
    return { ended, calls: collects(world) };
  };
  return (undisturbed ??= run());
}

/** Results and counts of a job, without times. */
function endOf({ results, deadLettersText, summary }: Ended): object {
  const { startedAt: _start, endedAt: _end, seconds: _seconds, batches, ...facts } = summary;
  const ofBatches = batches.map(({ seconds: _of, createdAt: _at, ...batch }) => batch);
  return { results, deadLettersText, facts, ofBatches };
}

describe('a round whose rows take longer to write than one step continues in further calls', () => {
  tableOf([0, 4, 1, 12], 2).test(
    'when time is short after %i looks, and comes to the same results, counts and errors',
    async (looks) => {
      const world = await openWorld({ faults: [...FAULTS], time: shortAfter('collect-results', looks) });

      const ended = await world.run(INPUT);

      const whole = await expected();
      expect(endOf(ended)).toEqual(endOf(whole.ended));
      expect(collects(world)).toBeGreaterThan(whole.calls);
      // However short the time is: calls for the downloads, at most sixteen for the rows of a round, and as many to join the rounds.
      expect(collects(world)).toBeLessThanOrEqual(ended.summary.rounds * (4 + 16 + 1) + 17);
      expect([...world.simulator.createsPerKey().values()].every((creates) => creates === 1)).toBe(true);
      // The parts are deleted together with the rows.
      const keys = (await Array.fromAsync(world.store.list('jobs/'))).map(({ key }) => key);
      expect(keys.filter((key) => key.endsWith('.jsonl'))).toEqual([]);
      // A call that ended before all rows were written and joined leaves this object.
      expect(await writingObject.read(world.store, REF)).toBeDefined();
    },
  );
});

test('rows that an earlier call has written from other answers are written again', async () => {
  let calls = 0;
  const world = await openWorld({
    time: shortAfter('collect-results', 4),
    wrap: (call) => async (step, event) => {
      if (step === 'collect-results' && (await writingObject.read(world.store, REF))?.written !== undefined)
        calls += 1;
      if (calls === 1 && step === 'collect-results') {
        const { written, ...rest } = await writingObject.require(world.store, REF);
        const other = written && { ...written, basis: 'of other answers', rows: 3, requestBytes: 10 };
        await writingObject.write(world.store, REF, { ...rest, written: other as never });
        await world.store.put(roundKey(REF, 1, 'results.jsonl'), 'not a result\n');
      }
      return call(step, event);
    },
    faults: [...FAULTS],
  });

  const ended = await world.run(INPUT);

  expect(calls).toBeGreaterThan(1);
  expect(endOf(ended)).toEqual(endOf((await expected()).ended));
});

test('parts that have changed in the store are written again', EXHAUSTIVE, async () => {
  let isBroken = false;
  const world = await openWorld({
    time: shortAfter('collect-results', 4),
    wrap: (call) => async (step, event) => {
      const writing = await writingObject.read(world.store, REF);
      if (!isBroken && step === 'collect-results' && writing?.written !== undefined) {
        isBroken = true;
        await world.store.put(roundKey(REF, 1, 'dead-letters.jsonl'), '\n');
      }
      return call(step, event);
    },
    faults: [...FAULTS],
  });

  const ended = await world.run(INPUT);

  expect(isBroken).toBe(true);
  expect(endOf(ended)).toEqual(endOf((await expected()).ended));
});

describe('a shard whose rounds take longer to join than one step', () => {
  const LADDER = { then: [{ model: 'big-model' }], rounds: 1 } as const satisfies RunOptions;

  tableOf([0, 9], 1).test(
    'and whose rows go up a ladder continues in further calls (time is short after %i looks), and comes to the same',
    async (looks) => {
      const [whole, world] = [
        await openWorld({ faults: [...FAULTS] }),
        await openWorld({ faults: [...FAULTS], time: shortAfter('collect-results', looks) }),
      ];

      const expectedEnd = await whole.run(INPUT, LADDER);
      const ended = await world.run(INPUT, LADDER);

      expect(endOf(ended)).toEqual(endOf(expectedEnd));
      expect(ended.summary.steps?.length).toBe(2);
      const { jobId, shard } = REF;
      expect(await climbingObject.read(world.store, { jobId, shard, nth: 1 })).toMatchObject({
        isWhole: true,
      });
      expect(await mergingObject.read(world.store, { jobId, shard })).toMatchObject({ isWhole: true });
      const parts = (await Array.fromAsync(world.store.list('jobs/'))).filter(({ key }) =>
        key.includes('-part-'),
      );
      expect(parts).toEqual([]);
    },
  );

  test('and that stops before all of its rows have an outcome continues in further calls', async () => {
    const denied: Fault = { at: 'row', every: 5, action: { kind: 'error', code: 'BILLING_2001' }, times: 1 };
    const faults = [denied, ...FAULTS];
    const [whole, world] = [
      await openWorld({ faults }),
      await openWorld({ faults, time: shortAfter('collect-results', 0) }),
    ];

    const expectedEnd = await whole.run(INPUT);
    const ended = await world.run(INPUT);

    expect(endOf(ended)).toEqual(endOf(expectedEnd));
    expect(ended.summary.status).toBe('failed');
  });
});
