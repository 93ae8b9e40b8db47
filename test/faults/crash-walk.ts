import { describe, expect } from 'vitest';
import type { TaskEdges } from '../../src/announce/channel.ts';
import { tableOf } from '../support/exhaustive.ts';
import { CrashPoint } from './crash.ts';
import { violations, type JobEnd, type Trial } from './trial.ts';

/** A job that tests crash at each of its effects. */
export interface CrashWalk {
  readonly openJob: () => Promise<Trial>;
  /** The ids of its rows. */
  readonly ids: readonly string[];
  /** Wraps the edges of all steps, in runs with and without a crash. */
  readonly wrap?: (edges: TaskEdges) => TaskEdges;
  /** Reads the job's end. Default: its summary, results and dead letters. */
  readonly endOf?: (trial: Trial) => Promise<WalkEnd>;
}

export interface WalkEnd extends JobEnd {
  /** The job's index of answers in hexadecimal. */
  readonly index?: string | undefined;
}

/** An effect's number, from 1, and its name. */
export type Effect = readonly [nth: number, name: string];

/** The end of the job without a crash, and its effects in order. */
export interface Undisturbed {
  readonly end: WalkEnd;
  readonly effects: readonly Effect[];
}

export async function runUndisturbed(walk: CrashWalk): Promise<Undisturbed> {
  const { openJob, ids, wrap = unchanged } = walk;
  await using trial = await openJob();
  const counter = new CrashPoint(Infinity, 'die');
  await trial.run({ wrap: (edges) => wrap(counter.edges(edges)), wrapCalls: counter.calls });
  expect(await violations(trial, ids)).toEqual([]);
  return { end: await readEnd(walk, trial), effects: counter.names.map((name, n) => [n + 1, name] as const) };
}

const unchanged = (edges: TaskEdges): TaskEdges => edges;

function readEnd({ endOf }: CrashWalk, trial: Trial): Promise<WalkEnd> {
  return endOf === undefined ? trial.end() : endOf(trial);
}

/** Options of the tests of one walk. */
interface WalkTests {
  /** Name of the tests, with the number (%i) and the name (%s) of the effect. */
  readonly name: string;
  /** The effects to crash at. Default: all. */
  readonly effects?: readonly Effect[];
  /** Number of effects that `npm test` visits. */
  readonly quick: number;
  /** Checks more than the files and counts after the job has ended. */
  readonly compare: (trial: Trial, summary: JobEnd['summary']) => Promise<void> | void;
  /** Whether each run of the job has the same number of effects. Default: true. */
  readonly steady?: boolean;
}

/** Crashes the job at each of its effects, runs it again as its caller would, and compares its end with the end without a crash. */
export function crashAtEachEffect(
  walk: CrashWalk,
  undisturbed: Undisturbed,
  { name, effects = undisturbed.effects, quick, compare, steady = true }: WalkTests,
): void {
  const { openJob, ids, wrap = unchanged } = walk;
  const { summary: whole, ...expected } = undisturbed.end;
  describe.each([
    ['the process dies', 'die'],
    ['the Lambda fails', 'fail'],
  ] as const)('when %s', (_, kind) => {
    tableOf(effects, quick).test(name, async (at) => {
      await using trial = await openJob();
      const crash = new CrashPoint(at, kind);

      await trial.run({
        wrap: (edges) => wrap(crash.edges(edges)),
        wrapCalls: crash.calls,
        died: crash.died,
      });
      if (steady) expect(crash.effects).toBeGreaterThanOrEqual(at);
      // EventBridge repeats a failed start, but not one that succeeded.
      if (kind === 'die' || (await trial.end()).summary === undefined) await trial.run({ wrap });

      expect(await violations(trial, ids)).toEqual([]);
      const { summary, ...files } = await readEnd(walk, trial);
      expect(files).toEqual(expected);
      expect(summary).toMatchObject({ status: whole?.status, counts: whole?.counts });
      await compare(trial, summary);
    });
  });
}
