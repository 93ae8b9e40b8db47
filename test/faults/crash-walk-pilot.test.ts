import { describe, expect, test } from 'vitest';
import { tableOf } from '../support/exhaustive.ts';
import { CrashPoint } from './crash.ts';
import { openTrial, violations, type JobEnd, type Trial } from './trial.ts';

const IDS = ['a', 'again', 'bad', 'late', 'e', 'f', 'g'];

const prompts: Readonly<Record<string, string>> = { again: 'echo:a', f: '[fail:NO_SUCH_THING] f' };

const INPUT = IDS.map((id) =>
  JSON.stringify(id === 'bad' ? { custom_id: id } : { custom_id: id, prompt: prompts[id] ?? `echo:${id}` }),
)
  .map((row) => `${row}\n`)
  .join('');

/**
 * A job with shards of two rows: one row is invalid, one repeats a row of the pilot, one row of the pilot needs a second round, and one fails. If
 * `maxBad` is 0, a row of the pilot fails too.
 */
function openJob(maxBad: number): Promise<Trial> {
  return openTrial({
    input: INPUT,
    profile: { shardLimits: { maxRows: 2 }, pilot: { rows: 3, maxBad } },
    faults: [
      { at: 'row', ids: ['a'], action: { kind: 'error', code: 'INFERENCE_3107' }, times: 1 },
      ...(maxBad === 0
        ? [{ at: 'row', ids: ['e'], action: { kind: 'error', code: 'INFERENCE_3207' } } as const]
        : []),
    ],
  });
}

async function undisturbed(
  maxBad: number,
): Promise<{ readonly end: JobEnd; readonly effects: readonly string[] }> {
  await using trial = await openJob(maxBad);
  const counter = new CrashPoint(Infinity, 'die');
  await trial.run({ wrap: counter.edges, wrapCalls: counter.calls });
  expect(await violations(trial, IDS)).toEqual([]);
  return { end: await trial.end(), effects: counter.names };
}

const SHAPES = [
  ['passes', 0.9, await undisturbed(0.9)],
  ['fails', 0, await undisturbed(0)],
] as const;

test('the jobs without a crash send a pilot of three rows, which passes or fails', () => {
  const [passes, fails] = SHAPES.map(([, , { end }]) => end.summary);
  expect(passes).toMatchObject({ status: 'partial', rows: 7, pilot: { state: 'passed', rows: 3 } });
  expect(fails).toMatchObject({ status: 'failed', rows: 7, pilot: { state: 'failed', rows: 3 } });
});

/** The effects alternate between the two kinds of crash. The walk of a job without a pilot has both kinds at each effect. */
const AT_EACH_EFFECT = SHAPES.flatMap(([how, maxBad, { end, effects }]) =>
  effects.map((name, n) => [how, kindOf(n), n + 1, name, { maxBad, expected: end }] as const),
);

function kindOf(nth: number): 'die' | 'fail' {
  return nth % 2 === 0 ? 'die' : 'fail';
}

describe('a job whose pilot', () => {
  tableOf(AT_EACH_EFFECT, 4).test(
    '%s ends with the same files when it has to %s after effect %i (%s), and pays no row twice',
    async (how, kind, at, _, { maxBad, expected }) => {
      await using trial = await openJob(maxBad);
      const crash = new CrashPoint(at, kind);

      await trial.run({ wrap: crash.edges, wrapCalls: crash.calls, died: crash.died });
      if (kind === 'die' || (await trial.end()).summary === undefined) await trial.run();

      expect(await violations(trial, IDS)).toEqual([]);
      const { summary, ...files } = await trial.end();
      expect(files).toEqual({ results: expected.results, deadLetters: expected.deadLetters });
      const { status, counts, pilot, usage } = expected.summary ?? {};
      expect(summary).toMatchObject({ status, counts, usage, pilot: { state: pilot?.state, rows: 3 } });
      if (how === 'fails') expect(trial.simulator.answersPerRow().size).toBeLessThanOrEqual(3);
    },
  );
});
