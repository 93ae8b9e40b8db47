import { describe, expect } from 'vitest';
import { tableOf } from '../support/exhaustive.ts';
import { CrashPoint } from './crash.ts';
import { violations, type JobEnd, type Trial } from './trial.ts';

/** A job whose run is crashed at each of its effects. */
export interface CrashWalk {
  readonly openJob: () => Promise<Trial>;
  /** The ids of its rows. */
  readonly ids: readonly string[];
}

/** The job's end without a crash, and the names of its effects in their order. */
export interface Undisturbed {
  readonly end: JobEnd;
  readonly effects: readonly string[];
}

export async function runUndisturbed({ openJob, ids }: CrashWalk): Promise<Undisturbed> {
  await using trial = await openJob();
  const counter = new CrashPoint(Infinity, 'die');
  await trial.run({ wrap: counter.edges, wrapCalls: counter.calls });
  expect(await violations(trial, ids)).toEqual([]);
  return { end: await trial.end(), effects: counter.names };
}

/** The tests of one walk. */
interface WalkTests {
  /** Their name, with the effect's number (%i) and name (%s). */
  readonly name: string;
  /** How many effects `npm test` visits. */
  readonly quick: number;
  /** What has to hold beside the files and the counts, once the job has ended in spite of the crash. */
  readonly compare: (trial: Trial, summary: JobEnd['summary']) => Promise<void> | void;
  /** The same job has the same number of effects each time. */
  readonly steady?: boolean;
}

/** Crashes the job at each of its effects, runs it again as its caller would, and compares its end with the undisturbed one. */
export function crashAtEachEffect(
  { openJob, ids }: CrashWalk,
  { end: expected, effects }: Undisturbed,
  { name, quick, compare, steady = true }: WalkTests,
): void {
  describe.each([
    ['the process dies', 'die'],
    ['the Lambda fails', 'fail'],
  ] as const)('when %s', (_, kind) => {
    tableOf(
      effects.map((effect, n) => [n + 1, effect] as const),
      quick,
    ).test(name, async (at) => {
      await using trial = await openJob();
      const crash = new CrashPoint(at, kind);

      await trial.run({ wrap: crash.edges, wrapCalls: crash.calls, died: crash.died });
      if (steady) expect(crash.effects).toBeGreaterThanOrEqual(at);
      // A start that failed is asked for again, as EventBridge does it; one that went well is not.
      if (kind === 'die' || (await trial.end()).summary === undefined) await trial.run();

      expect(await violations(trial, ids)).toEqual([]);
      const { summary, ...files } = await trial.end();
      expect(files).toEqual({ results: expected.results, deadLetters: expected.deadLetters });
      expect(summary).toMatchObject({ status: expected.summary?.status, counts: expected.summary?.counts });
      await compare(trial, summary);
    });
  });
}
