import { describe, expect, test } from 'vitest';
import type { TaskEdges } from '../../src/announce/channel.ts';
import { CONFIG } from '../support/config.ts';
import { tableOf } from '../support/exhaustive.ts';
import { CrashPoint } from './crash.ts';
import { openTrial, violations, type JobEnd, type Trial } from './trial.ts';

const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];

/** 300 KB: slices of 64 KiB. The last row asks what the first one does. */
const INPUT = IDS.map((id) => {
  const user = 'x'.repeat(33_000);
  return `${JSON.stringify({ custom_id: id, prompt: `echo:${id === 'i' ? 'a' : id}`, user })}\n`;
}).join('');

const openJob = (): Promise<Trial> =>
  openTrial({
    input: INPUT,
    profile: { shardLimits: { maxRows: 3 } },
    config: { ...CONFIG, limits: { ...CONFIG.limits, sliceBytes: 65_536 } },
  });

/** Each call of a step has time for one slice of the notes, or for one batch of rows. */
const slowly =
  (wrap: (edges: TaskEdges) => TaskEdges) =>
  (edges: TaskEdges): TaskEdges => ({
    ...wrap(edges),
    time: { isShort: () => true, isOver: () => false },
  });

async function undisturbed(): Promise<{ readonly end: JobEnd; readonly effects: readonly string[] }> {
  await using trial = await openJob();
  const counter = new CrashPoint(Infinity, 'die');
  await trial.run({ wrap: slowly(counter.edges), wrapCalls: counter.calls });
  expect(await violations(trial, IDS)).toEqual([]);
  return { end: await trial.end(), effects: counter.names };
}

const { end: expected, effects } = await undisturbed();

test('the job without a crash is built in slices, whose steps continue in further calls', () => {
  expect(expected.summary).toMatchObject({ status: 'succeeded', counts: { ok: 9 } });
  const files = ['notes.jsonl', 'noted.json', 'verdicts.jsonl', 'state.json', 'built.json', 'cut.json'];
  expect(files.filter((file) => !effects.some((name) => name.endsWith(file)))).toEqual([]);
});

const plan = effects.findIndex((name) => name.endsWith('plan.json'));
const BUILDING = effects.slice(0, plan + 2).map((name, n) => [n + 1, name] as const);

describe.each([
  ['the process dies', 'die'],
  ['the Lambda fails', 'fail'],
] as const)('when %s', (_, kind) => {
  tableOf(BUILDING, 5).test(
    'after effect %i (%s), the job that is built in slices ends with the same files, and one batch per shard',
    async (at) => {
      await using trial = await openJob();
      const crash = new CrashPoint(at, kind);

      await trial.run({ wrap: slowly(crash.edges), wrapCalls: crash.calls, died: crash.died });
      if (kind === 'die' || (await trial.end()).summary === undefined)
        await trial.run({ wrap: slowly((same) => same) });

      expect(await violations(trial, IDS)).toEqual([]);
      const { summary, ...files } = await trial.end();
      expect(files).toEqual({ results: expected.results, deadLetters: expected.deadLetters });
      expect(summary).toMatchObject({ status: 'succeeded', counts: expected.summary?.counts });
      expect([...trial.simulator.createsPerKey().values()]).toEqual([1, 1, 1]);
    },
  );
});
