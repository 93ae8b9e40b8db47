import { describe, expect, test } from 'vitest';
import type { TaskEdges } from '../../src/announce/channel.ts';
import type { NightshiftConfig, ProfileConfig } from '../../src/config/config.ts';
import type { Fault } from '../../simulator/faults.ts';
import { buildRequests } from '../../src/steps/build-requests.ts';
import { buildSlice } from '../../src/steps/build-slice.ts';
import { CONFIG } from '../support/config.ts';
import { cutFile, hookOnce, slowly } from './file-faults.ts';
import { JOB_ID, openTrial, violations, type JobEnd, type Trial } from './trial.ts';

const IDS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
const NO_ROW_FAILS: readonly Fault[] = [];
const FIVE_ROWS_AGAIN: readonly Fault[] = [
  { at: 'row', ids: ['a', 'b', 'c', 'e', 'f'], action: { kind: 'error', code: 'INFERENCE_3107' }, times: 1 },
];

interface Shape {
  readonly rowBytes?: number;
  readonly profile?: ProfileConfig;
  readonly config?: NightshiftConfig;
  readonly faults?: readonly Fault[];
  readonly dialect?: 'anthropic';
}

const PLAIN: Shape = {};
const SLICED: Shape = {
  rowBytes: 33_000,
  config: { ...CONFIG, limits: { ...CONFIG.limits, sliceBytes: 65_536 } },
};
/** One shard that is read in several batches of rows, so that a call can stop in the middle of it. */
const LARGE_ROWS: Shape = { rowBytes: 33_000, profile: { shardLimits: { maxRows: 9 } } };
const LARGE_ROWS_SLICED: Shape = { ...SLICED, ...LARGE_ROWS };
const SLICED_PILOT: Shape = { ...SLICED, profile: { pilot: { rows: 3, maxBad: 0.9 } } };
const INLINE: Shape = { dialect: 'anthropic' };
const PILOTED: Shape = { profile: { pilot: { rows: 3, maxBad: 0.9 } } };
const DIRECT: Shape = { profile: { small: 'direct' } };
const AGAIN: Shape = { faults: FIVE_ROWS_AGAIN };
const LADDER: Shape = {
  profile: { then: [{ model: 'big-model' }] },
  faults: [
    {
      at: 'row',
      ids: ['a', 'b', 'c', 'e', 'f'],
      action: { kind: 'error', code: 'INFERENCE_3207' },
      times: 1,
    },
  ],
};

function openJob({
  rowBytes = 0,
  profile = {},
  config = CONFIG,
  faults = NO_ROW_FAILS,
  dialect,
}: Shape): Promise<Trial> {
  const user = 'x'.repeat(rowBytes);
  const input = IDS.map(
    (id) => `${JSON.stringify({ custom_id: id, prompt: `echo:${id}`, ...(rowBytes > 0 && { user }) })}\n`,
  ).join('');
  return openTrial({
    input,
    config,
    faults: [...faults],
    profile: {
      shardLimits: { maxRows: 3 },
      ...(dialect && { provider: `${dialect}-simulator` }),
      ...profile,
    },
    ...(dialect && { dialect }),
  });
}

const whole = new Map<Shape, JobEnd>();
const SHAPES = [
  PLAIN,
  SLICED,
  LARGE_ROWS,
  LARGE_ROWS_SLICED,
  PILOTED,
  SLICED_PILOT,
  DIRECT,
  AGAIN,
  LADDER,
  INLINE,
];
for (const shape of SHAPES) {
  await using trial = await openJob(shape);
  await trial.run();
  whole.set(shape, await trial.end());
}

type Wrap = (edges: TaskEdges) => TaskEdges;

const FIRST = /shards\/00001\/round-1\.requests\.jsonl$/;
const SECOND = /shards\/00000\/round-2\.requests\.jsonl$/;

const cutAfter =
  (key: RegExp, file: RegExp): Wrap =>
  (edges) =>
    hookOnce(edges, { key, after: cutFile(file) });

/** When the first call is about to end, another call of the same step begins, and stops in the middle of a shard. */
const overtaken =
  (key: RegExp, call: (edges: TaskEdges) => Promise<unknown>): Wrap =>
  (edges) =>
    hookOnce(edges, { key, before: () => call(slowly(edges)) });

const buildOnce = (edges: TaskEdges): Promise<unknown> => buildRequests(edges, { jobId: JOB_ID });
const buildFirstSlice = (edges: TaskEdges): Promise<unknown> =>
  buildSlice(edges, { jobId: JOB_ID, slice: 0 });

const BEFORE_ITS_LIST: readonly (readonly [string, Shape, Wrap, string])[] = [
  [
    'by a second call of the one-pass build',
    LARGE_ROWS,
    overtaken(/plan\.json$/, buildOnce),
    'shards_built_again',
  ],
  [
    'by a second call of a slice',
    LARGE_ROWS_SLICED,
    overtaken(/slice-000000\.built\.json$/, buildFirstSlice),
    'shards_built_again',
  ],
  ['after the plan', PLAIN, cutAfter(/plan\.json$/, FIRST), 'shards_built_again'],
  ['after the plan of a job in slices', SLICED, cutAfter(/plan\.json$/, FIRST), 'shards_built_again'],
  [
    'before the rows of the pilot are set aside',
    PILOTED,
    cutAfter(/build\/pilot\.json$/, FIRST),
    'build_paused',
  ],
  [
    'before the rows of the pilot are set aside, with little time per call',
    PILOTED,
    (edges) => slowly(cutAfter(/build\/pilot\.json$/, FIRST)(edges)),
    'build_paused',
  ],
  [
    'before the rows of the pilot are set aside, of a job in slices',
    SLICED_PILOT,
    cutAfter(/build\/pilot\.json$/, FIRST),
    'build_paused',
  ],
  ['after the plan of a job with a pilot', PILOTED, cutAfter(/plan\.json$/, FIRST), 'shards_built_again'],
  [
    'after the plan of a job that is sent direct',
    DIRECT,
    cutAfter(/plan\.json$/, FIRST),
    'shards_built_again',
  ],
  [
    'before the second round',
    AGAIN,
    cutAfter(/00000\/round-1\.collected\.json$/, SECOND),
    'requests_rewritten',
  ],
  [
    'before the second step of a ladder',
    LADDER,
    cutAfter(/00000\/round-1\.collected\.json$/, SECOND),
    'requests_rewritten',
  ],
];

/** Number of answers in batches and to rows that are sent direct. */
const paid = ({ simulator }: Trial): number =>
  [...simulator.answersPerRow().values()].reduce((sum, answers) => sum + answers, 0) +
  simulator.requests().filter(({ path, status }) => path === '/v1/chat/completions' && status === 200).length;

describe('requests that are cut short', () => {
  test.each(BEFORE_ITS_LIST)(
    '%s are written again before anything is sent',
    async (_, shape, wrap, event) => {
      await using trial = await openJob(shape);

      await trial.run({ wrap });

      const expected = whole.get(shape);
      const { summary, results, deadLetters } = await trial.end();
      expect(await trial.allText()).toContain(event);
      expect(await violations(trial, IDS)).toEqual([]);
      expect({ results, deadLetters }).toEqual({
        results: expected?.results,
        deadLetters: expected?.deadLetters,
      });
      expect(summary).toMatchObject({ status: 'succeeded', counts: expected?.summary?.counts });
    },
  );

  test('with any build that is given little time are written again in several calls', async () => {
    await using trial = await openJob(PLAIN);

    await trial.run({ wrap: (edges) => slowly(cutAfter(/plan\.json$/, FIRST)(edges)) });

    expect(await violations(trial, IDS)).toEqual([]);
    expect((await trial.end()).results).toBe(whole.get(PLAIN)?.results);
  });

  test.each([
    ['in a batch', PLAIN],
    ['of a job in slices', SLICED],
    ['direct', DIRECT],
  ] as const)(
    'after the shards are listed are not sent %s, and a resume sends them whole',
    async (_, shape) => {
      await using trial = await openJob(shape);

      await trial.run({ wrap: cutAfter(/to-run\.json$/, FIRST) });

      const isOfDamaged = (id: string): boolean => ['d', 'e', 'f'].includes(id);
      expect([...trial.simulator.answersPerRow().keys()].filter(isOfDamaged)).toEqual([]);
      expect(paid(trial)).toBe(6);
      expect(await trial.allText()).toContain('RequestsDamaged');

      await trial.run();

      expect(await violations(trial, IDS)).toEqual([]);
      expect(paid(trial)).toBe(9);
      expect((await trial.end()).results).toBe(whole.get(shape)?.results);
    },
  );

  test('after the upload are not sent to a provider whose create carries them, and a resume sends them whole', async () => {
    await using trial = await openJob(INLINE);

    await trial.run({ wrap: cutAfter(/00001\/round-1\.upload\.json$/, FIRST) });

    expect(paid(trial)).toBe(6);
    expect(await trial.allText()).toContain('RequestsDamaged');

    await trial.run();

    expect(await violations(trial, IDS)).toEqual([]);
    expect(paid(trial)).toBe(9);
    expect((await trial.end()).results).toBe(whole.get(INLINE)?.results);
  });

  test('are built again once and not in each turn of a wait for an approval, if the input is gone', async () => {
    await using trial = await openJob({ profile: { pilot: { rows: 3, approve: true } } });
    const cutAndDelete: Wrap = (edges) =>
      hookOnce(edges, {
        key: /to-run\.json$/,
        after: async (store) => {
          await cutFile(FIRST)(store);
          await store.delete('input/rows.jsonl');
        },
      });

    await trial.run({ wrap: cutAndDelete });

    const builds = (await trial.allText()).split('"event":"shards_built_again"').length - 1;
    expect(builds).toBe(1);
  });

  test('after the upload are not taken for all rows of the batch, and a resume collects it', async () => {
    await using trial = await openJob(PLAIN);

    await trial.run({ wrap: cutAfter(/00001\/round-1\.batch\.json$/, FIRST) });
    expect(await trial.allText()).toContain('RequestsDamaged');
    await trial.run();

    expect(await violations(trial, IDS)).toEqual([]);
    expect(paid(trial)).toBe(9);
    expect((await trial.end()).results).toBe(whole.get(PLAIN)?.results);
  });

  test.each([
    ['a later round', AGAIN],
    ['a later step of a ladder', LADDER],
  ] as const)('of %s after the upload are written again before the answers are read', async (_, shape) => {
    await using trial = await openJob(shape);

    await trial.run({ wrap: cutAfter(/00000\/round-2\.batch\.json$/, SECOND) });

    expect(await trial.allText()).toContain('requests_rewritten');
    expect(await violations(trial, IDS)).toEqual([]);
    expect((await trial.end()).results).toBe(whole.get(shape)?.results);
  });

  test('are not sent if the input is gone as well, and the other shards continue', async () => {
    await using trial = await openJob(PLAIN);

    await trial.run({
      wrap: (edges) =>
        hookOnce(edges, {
          key: /plan\.json$/,
          after: async (store) => {
            await cutFile(FIRST)(store);
            await store.delete('input/rows.jsonl');
          },
        }),
    });

    expect(paid(trial)).toBe(6);
    expect(await trial.allText()).toContain('RequestsDamaged');
  });
});
