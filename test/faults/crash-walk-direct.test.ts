import { describe, expect, test } from 'vitest';
import { MAX_CONCURRENCY } from '../../src/direct/rate-limit.ts';
import { CrashPoint } from './crash.ts';
import { openTrial, violations, type JobEnd, type Trial } from './trial.ts';
import { tableOf } from '../support/exhaustive.ts';

/** More than are in flight at once, so that what is sent again can be told from all that was sent. */
const IDS = Array.from({ length: MAX_CONCURRENCY + 8 }, (_, n) => `q${n}`);

const INPUT = IDS.map((id, n) => `${JSON.stringify({ custom_id: id, prompt: `echo:${n}` })}\n`).join('');

function openJob(): Promise<Trial> {
  return openTrial({ input: INPUT, profile: { small: 'direct' } });
}

const paidCalls = ({ simulator }: Trial): number =>
  simulator.requests().filter(({ path, status }) => path === '/v1/chat/completions' && status === 200).length;

async function undisturbed(): Promise<{ readonly end: JobEnd; readonly effects: readonly string[] }> {
  await using trial = await openJob();
  const counter = new CrashPoint(Infinity, 'die');
  await trial.run({ wrap: counter.edges, wrapCalls: counter.calls });
  expect(await violations(trial, IDS)).toEqual([]);
  expect(paidCalls(trial)).toBe(IDS.length);
  return { end: await trial.end(), effects: counter.names };
}

const { end: expected, effects } = await undisturbed();

test('the job that is disturbed below sends every row by itself', () => {
  expect(expected.summary).toMatchObject({ status: 'succeeded', sentDirect: IDS.length });
  expect(effects.filter((name) => name === 'send a row')).toHaveLength(IDS.length);
});

describe.each([
  ['the process dies', 'die'],
  ['the Lambda fails', 'fail'],
] as const)('when %s', (_, kind) => {
  // How many answers share a write depends on when they come: the last number may be one that no other run reaches.
  tableOf(
    effects.map((__, n) => n + 1),
    2,
  ).test(
    'after effect %i, the job ends with the same files, and pays again for no more rows than were in flight',
    async (at) => {
      await using trial = await openJob();
      const crash = new CrashPoint(at, kind);

      await trial.run({ wrap: crash.edges, wrapCalls: crash.calls, died: crash.died });
      if (kind === 'die' || (await trial.end()).summary === undefined) await trial.run();

      expect(await violations(trial, IDS)).toEqual([]);
      const { summary, ...files } = await trial.end();
      expect(files).toEqual({ results: expected.results, deadLetters: expected.deadLetters });
      expect(summary).toMatchObject({ status: 'succeeded', counts: expected.summary?.counts });
      expect(paidCalls(trial)).toBeLessThanOrEqual(IDS.length + MAX_CONCURRENCY);
      expect(trial.simulator.batches()).toEqual([]);
    },
  );
});
