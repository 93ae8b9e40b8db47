import { describe, expect, test } from 'vitest';
import type { TaskEdges } from '../../src/announce/channel.ts';
import { tableOf } from '../support/exhaustive.ts';
import { CrashPoint } from './crash.ts';
import { openTrial, violations, type JobEnd, type Trial } from './trial.ts';

const IDS = ['a', 'b', 'late', 'f'];

const INPUT = IDS.map((id) => `${JSON.stringify({ custom_id: id, prompt: `echo:${id}` })}\n`).join('');

/** Two rounds whose files come in parts: each call of a step has time for one of them. */
function openJob(): Promise<Trial> {
  return openTrial({
    input: INPUT,
    faults: [
      { at: 'row', ids: ['late'], action: { kind: 'error', code: 'INFERENCE_3107' }, times: 1 },
      { at: 'row', ids: ['f'], action: { kind: 'error', code: 'INFERENCE_3207' }, times: 'always' },
      { at: 'content', action: { kind: 'breaks', afterBytes: 300 }, times: 3 },
    ],
  });
}

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

test('the job without a crash downloads a file in parts and joins them', () => {
  expect(expected.summary).toMatchObject({ status: 'partial', counts: { ok: 3, failed: 1 }, rounds: 2 });
  expect(effects.filter((name) => name.endsWith('round-1.output-part-2.jsonl'))).not.toEqual([]);
  expect(effects.filter((name) => /^join .*round-1\.output\.jsonl$/.test(name))).toHaveLength(1);
});

const COLLECTING = effects
  .map((name, n) => [n + 1, name] as const)
  .filter(([, name]) =>
    /late\.json|(?:writing|merging)\.json|output|errors|download|results|collected/.test(name),
  );

describe.each([
  ['the process dies', 'die'],
  ['the Lambda fails', 'fail'],
] as const)('when %s', (_, kind) => {
  tableOf(COLLECTING, 2).test(
    'after effect %i (%s), the job ends with the same files, one batch and one file per round',
    async (at) => {
      await using trial = await openJob();
      const crash = new CrashPoint(at, kind);

      await trial.run({ wrap: slowly(crash.edges), wrapCalls: crash.calls, died: crash.died });
      expect(crash.effects).toBeGreaterThanOrEqual(at);
      if (kind === 'die' || (await trial.end()).summary === undefined)
        await trial.run({ wrap: slowly((same) => same) });

      expect(await violations(trial, IDS)).toEqual([]);
      const { summary, ...files } = await trial.end();
      expect(files).toEqual({ results: expected.results, deadLetters: expected.deadLetters });
      expect(summary).toMatchObject({ status: 'partial', counts: expected.summary?.counts });
      expect([...trial.simulator.createsPerKey().values()]).toEqual([1, 1]);
    },
  );
});
