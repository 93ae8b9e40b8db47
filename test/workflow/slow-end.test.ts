import { describe, expect, test } from 'vitest';
import { answerIndexKey, joinedPrefix, tableKey } from '../../src/checkpoints/keys.ts';
import type { StepTime } from '../../src/pace.ts';
import { EXHAUSTIVE, tableOf } from '../support/exhaustive.ts';
import { openWorld, paidAnswers, prompts, type Ended, type RunOptions, type World } from './world.ts';
import { shortAfter } from './short-after.ts';

const ROWS = 300;

/** A third of the rows repeat earlier ones. Some rows fail in the job and succeed in its retry. */
const INPUT = prompts(ROWS, (n) => {
  const nth = n % 3 === 0 ? Math.floor(n / 7) : n;
  return `echo:${nth} ${'ü'.repeat(60 + (nth % 90))}`;
});

const profile = {
  reuse: 'always',
  rounds: 1,
  shardLimits: { maxRows: 60 },
} as const satisfies RunOptions;

const FAULTS = [
  { at: 'row', every: 11, times: 1, action: { kind: 'error', code: 'NO_SUCH_THING', status: 400 } },
] as const;

const writes = ({ events }: World): number =>
  events.filter(({ type, state }) => type === 'StateEntered' && state === 'Write results').length;

interface Nights {
  readonly job: object;
  readonly index: string | undefined;
  readonly retried: object;
  readonly movedIndex: string | undefined;
  readonly next: object;
  readonly writes: number;
  readonly paid: number;
}

/** Runs a job, its retry, and a later job that reuses the answers of both. */
async function runNights(
  time?: (step: string) => StepTime | undefined,
  more: RunOptions = {},
): Promise<Nights> {
  const world = await openWorld({ faults: [...FAULTS], ...(time && { time }) });
  const indexOf = async (jobId: string): Promise<string | undefined> =>
    (await world.store.get(answerIndexKey(jobId)))?.toString('hex');
  const job = await world.run(INPUT, { ...profile, ...more });
  const index = await indexOf(job.jobId);
  const retried = await world.retry(job.jobId);
  const movedIndex = await indexOf(job.jobId);
  const next = await world.run(INPUT, { ...profile, name: 'next.jsonl' });
  for (const jobId of [job.jobId, retried.retryId, next.jobId])
    expect(await Array.fromAsync(world.store.list(joinedPrefix(jobId)))).toEqual([]);
  const ends = { job: endOf(job), retried: endOf(retried), next: endOf(next) };
  return { ...ends, index, movedIndex, writes: writes(world), paid: paidAnswers(world) };
}

let undisturbed: Promise<Nights> | undefined;
const expected = (): Promise<Nights> => (undisturbed ??= runNights());

/** Results and counts of a job, without times. */
function endOf({ results, deadLettersText, summary }: Ended): object {
  const { counts, sent, deduplicated, reused, status, errors, problems, usage } = summary;
  const answers = results.map((line) =>
    line.ok && line.reused ? { ...line, reused: line.reused.jobId } : line,
  );
  return { answers, deadLettersText, counts, sent, deduplicated, reused, status, errors, problems, usage };
}

describe('the end of a job and of its retry continues in further calls', () => {
  tableOf(
    [
      [0, 9],
      [1, 9],
      [5, 3],
    ],
    1,
  ).test(
    'when time is short after %i looks, takes more than %i calls, and comes to the same results, counts and indexes of answers',
    async (looks, most) => {
      const { writes: calls, ...divided } = await runNights(shortAfter('write-results', looks));

      const { writes: least, ...whole } = await expected();
      expect(divided).toEqual(whole);
      expect(least).toBe(3);
      expect(calls).toBeGreaterThan(most);
    },
  );

  test(
    'also after a pilot, whose requests are read from where the last call stopped',
    EXHAUSTIVE,
    async () => {
      const pilot = { pilot: { rows: 40, maxBad: 0.9 } };
      const { index, movedIndex, next, paid } = await runNights(shortAfter('write-results', 0), pilot);

      const whole = await runNights(undefined, pilot);
      expect({ index, movedIndex, next, paid }).toEqual({
        index: whole.index,
        movedIndex: whole.movedIndex,
        next: whole.next,
        paid: whole.paid,
      });
      expect(index).toBeDefined();
    },
  );
});

test('tables of a job and of its retry are written in a call that does nothing before, if the calls before took long', async () => {
  const also: ('csv' | 'parquet')[] = ['csv'];
  const tablesOf = async (time?: (step: string) => StepTime | undefined) => {
    const world = await openWorld({ faults: [...FAULTS], ...(time && { time }) });
    const { jobId } = await world.run(INPUT, { ...profile, also });
    const first = (await world.store.get(tableKey(jobId, 'csv')))?.toString('utf8');
    await world.retry(jobId);
    const second = (await world.store.get(tableKey(jobId, 'csv')))?.toString('utf8');
    return { first, second, writes: writes(world) };
  };

  const { writes: calls, ...late } = await tablesOf((step) =>
    step === 'write-results' ? { isLate: () => true, isShort: () => false, isOver: () => false } : undefined,
  );

  const { writes: least, ...whole } = await tablesOf();
  expect(late).toEqual(whole);
  expect(whole.first).toBeDefined();
  expect(least).toBe(2);
  expect(calls).toBeGreaterThanOrEqual(4);
});
