import { describe, expect, test } from 'vitest';
import type { TaskEdges } from '../../src/announce/channel.ts';
import { answerIndexKey } from '../../src/checkpoints/keys.ts';
import { tableOf } from '../support/exhaustive.ts';
import { CrashPoint } from './crash.ts';
import { JOB_ID, openTrial, violations, type JobEnd, type Trial } from './trial.ts';

const IDS = ['a', 'b', 'twin', 'f', 'c', 'again'];

const promptOf = (id: string): string => (id === 'twin' || id === 'again' ? 'a' : id);

const INPUT = IDS.map((id) => `${JSON.stringify({ custom_id: id, prompt: `echo:${promptOf(id)}` })}\n`).join(
  '',
);

/** Three shards, of which two have rows that an earlier one answers; its answers may be reused. */
function openJob(): Promise<Trial> {
  return openTrial({
    input: INPUT,
    profile: { reuse: 'always', shardLimits: { maxRows: 2 } },
    faults: [{ at: 'row', ids: ['f'], action: { kind: 'error', code: 'INFERENCE_3207' }, times: 'always' }],
  });
}

/** Each call of each step has time for one piece of its work. */
const slowly =
  (wrap: (edges: TaskEdges) => TaskEdges) =>
  (edges: TaskEdges): TaskEdges => ({
    ...wrap(edges),
    time: { isShort: () => true, isOver: () => false },
  });

interface End extends JobEnd {
  readonly index: string | undefined;
}

async function endOf(trial: Trial): Promise<End> {
  const index = await trial.edges.store.get(answerIndexKey(JOB_ID));
  return { ...(await trial.end()), index: index?.toString('hex') };
}

async function undisturbed(): Promise<{ readonly end: End; readonly effects: readonly string[] }> {
  await using trial = await openJob();
  const counter = new CrashPoint(Infinity, 'die');
  await trial.run({ wrap: slowly(counter.edges), wrapCalls: counter.calls });
  expect(await violations(trial, IDS)).toEqual([]);
  return { end: await endOf(trial), effects: counter.names };
}

const { end: expected, effects } = await undisturbed();

test('the job without a crash keeps what each call of its end has come to', () => {
  expect(expected.summary).toMatchObject({ counts: { ok: 5, failed: 1 }, deduplicated: { rows: 2, ok: 2 } });
  expect(expected.index).toBeDefined();
  const kept = /joined\/\d+\/(?:ending\.json|blocks-\d+\.jsonl|answers-\d+\.index)/;
  const names = new Set(effects.flatMap((name) => kept.exec(name)?.[0].replace(/\d{2,}/, '') ?? []));
  expect([...names].toSorted()).toEqual(
    expect.arrayContaining(['joined//answers-2.index', 'joined//blocks-1.jsonl', 'joined//ending.json']),
  );
});

const ENDING = effects
  .map((name, n) => [n + 1, name] as const)
  .filter(([, name]) => /joined\/|filled|output\/|reuse\//.test(name));

describe.each([
  ['the process dies', 'die'],
  ['the Lambda fails', 'fail'],
] as const)('when %s', (_, kind) => {
  tableOf(ENDING, 3).test(
    'after effect %i (%s), the job ends with the same files and the same index of answers',
    async (at) => {
      await using trial = await openJob();
      const crash = new CrashPoint(at, kind);

      await trial.run({ wrap: slowly(crash.edges), wrapCalls: crash.calls, died: crash.died });
      if (kind === 'die' || (await trial.end()).summary === undefined)
        await trial.run({ wrap: slowly((same) => same) });

      expect(await violations(trial, IDS)).toEqual([]);
      const { summary, ...files } = await endOf(trial);
      const { summary: whole, ...expectedFiles } = expected;
      expect(files).toEqual(expectedFiles);
      expect(summary).toMatchObject({ status: whole?.status, counts: whole?.counts });
      expect(summary?.deduplicated).toEqual(whole?.deduplicated);
    },
  );
});
