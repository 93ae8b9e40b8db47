import { describe, expect, test } from 'vitest';
import type { TaskEdges } from '../../src/announce/channel.ts';
import type { Plan } from '../../src/checkpoints/plan.ts';
import { resultsKey } from '../../src/checkpoints/keys.ts';
import type { StepTime } from '../../src/pace.ts';
import { buildOn, isPlan, type BuildParts } from '../../src/rows/build-shards.ts';
import { createRequests } from '../../src/steps/create-requests.ts';
import { buildStateObject } from '../../src/rows/build-state.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { CrashPoint } from '../faults/crash.ts';
import { tableOf } from '../support/exhaustive.ts';
import { profileOf } from './build.ts';
import { FORMATS, inOnePass, openJob, START, type Made, type Shape } from './divided-build.ts';

/** Each call reads one batch of rows. */
const SHORT: StepTime = { isShort: () => true, isOver: () => false };

/** Duplicates, repeated requests and invalid rows, on both sides of the positions where calls stop. */
const rows: readonly Made[] = Array.from({ length: 400 }, (_, n) => ({
  id: n % 50 === 49 ? 'again' : `q${n}`,
  prompt: n % 40 === 39 ? '' : `${'row '.repeat(40)}${n % 100}`,
}));
const file = {
  name: 'rows.jsonl',
  content: FORMATS['.jsonl']?.([...START, ...rows], { lineEnd: '\n', bom: false }) ?? Buffer.alloc(0),
};
const results = [...START, ...rows].map(({ id }, n) => ({
  custom_id: id ?? `row-${n + 1}`,
  ok: n % 3 === 0,
  ...(n % 3 === 0 ? { text: 'answer' } : { outcome: 'failed', error: { code: 'E', message: 'why' } }),
}));
const beside = [
  [resultsKey('before'), Buffer.from(results.map((line) => `${JSON.stringify(line)}\n`).join(''))],
] as const;

const profile = profileOf({ shardLimits: { maxBytes: 100_000, maxRows: 60 }, dedupe: 'always' });
const chunkBytes = 16_384;
const BUILDS: readonly (readonly [string, Shape, BuildParts['bounds']])[] = [
  ['that pauses', { profile, chunkBytes }, undefined],
  ['with more ids than one table takes', { profile, chunkBytes }, { atOnce: 100, filterBits: 4_096 }],
  [
    'of a sampled job',
    { profile, chunkBytes, beside, sample: { jobId: 'before', results: resultsKey('before') } },
    undefined,
  ],
  [
    'of a retried job',
    { profile, chunkBytes, beside, retry: { jobId: 'before', rows: 'failed' } as never },
    { atOnce: 100, filterBits: 4_096 },
  ],
];

interface Walked {
  readonly plan: Plan;
  readonly files: Readonly<Record<string, string>>;
  readonly effects: readonly string[];
  readonly calls: number;
}

/** Builds in calls. One of them crashes at its nth effect. */
async function walk(
  shape: Shape,
  bounds: BuildParts['bounds'],
  at: number,
  kind: 'die' | 'fail',
): Promise<Walked> {
  const { job, store, filesOf } = openJob([file], shape);
  const point = new CrashPoint(at, kind);
  const { store: crashing } = point.edges({ store, channels: [] } as unknown as TaskEdges);
  const call = async (on: ObjectStore): ReturnType<typeof buildOn> => {
    const from = await buildStateObject.read(on, job.jobId);
    return buildOn(on, job, { createRequests, time: SHORT, from, bounds });
  };
  let crashed = false;
  for (let calls = 1; ; calls += 1) {
    const built = crashed
      ? await call(store)
      : await Promise.race([call(crashing), point.died]).catch(() => undefined);
    if (built === undefined) crashed = true;
    else if (isPlan(built)) return { plan: built, files: filesOf(), effects: point.names, calls };
  }
}

describe.each(BUILDS)('a build %s', async (_, shape, bounds) => {
  const undisturbed = await walk(shape, bounds, Infinity, 'die');
  const whole = await inOnePass([file], shape);

  test('takes many calls and makes the same files as one pass', () => {
    expect(undisturbed.calls).toBeGreaterThan(5);
    expect(undisturbed.plan).toEqual(whole.plan);
    expect(undisturbed.files).toEqual(whole.files);
  });

  describe.each(['die', 'fail'] as const)('that is to %s', (kind) => {
    tableOf(
      undisturbed.effects.map((name, n) => [n + 1, name] as const),
      3,
    ).test('after effect %i (%s), makes the same files', async (at) => {
      const { plan, files } = await walk(shape, bounds, at, kind);

      expect(plan).toEqual(whole.plan);
      expect(files).toEqual(whole.files);
    });
  });
});
