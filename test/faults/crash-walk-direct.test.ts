import { expect, test } from 'vitest';
import { MAX_CONCURRENCY } from '../../src/direct/rate-limit.ts';
import { crashAtEachEffect, runUndisturbed, type CrashWalk } from './crash-walk.ts';
import { openTrial, type Trial } from './trial.ts';

/** More rows than can be in flight at once, so that paying only for rows in flight differs from paying for all rows. */
const IDS = Array.from({ length: MAX_CONCURRENCY + 8 }, (_, n) => `q${n}`);

const INPUT = IDS.map((id, n) => `${JSON.stringify({ custom_id: id, prompt: `echo:${n}` })}\n`).join('');

function openJob(): Promise<Trial> {
  return openTrial({ input: INPUT, profile: { small: 'direct' } });
}

const paidCalls = ({ simulator }: Trial): number =>
  simulator.requests().filter(({ path, status }) => path === '/v1/chat/completions' && status === 200).length;

const WALK: CrashWalk = { openJob, ids: IDS };
const undisturbed = await runUndisturbed(WALK);
const { end: expected, effects } = undisturbed;

test('the job without a crash sends every row directly', () => {
  expect(expected.summary).toMatchObject({ status: 'succeeded', sentDirect: IDS.length });
  expect(effects.filter(([, name]) => name === 'send a row')).toHaveLength(IDS.length);
});

function expectPaidInFlightOnly(trial: Trial): void {
  expect(paidCalls(trial)).toBeLessThanOrEqual(IDS.length + MAX_CONCURRENCY);
  expect(trial.simulator.batches()).toEqual([]);
}

crashAtEachEffect(WALK, undisturbed, {
  name: 'after effect %i (%s), the job ends with the same files, and pays again for no more rows than were in flight',
  quick: 2,
  // The number of answers per write depends on timing, so another run may not reach the last effect.
  steady: false,
  compare: expectPaidInFlightOnly,
});
