import { describe, expect, test } from 'vitest';
import type { TaskEdges } from '../../src/announce/channel.ts';
import type { NightshiftConfig, ProfileConfig } from '../../src/config/config.ts';
import type { Fault } from '../../simulator/faults.ts';
import type { InputRef } from '../../src/checkpoints/job.ts';
import { retryJob } from '../../src/job-control/retry-job.ts';
import { startJob } from '../../src/job-control/start-job.ts';
import { CONFIG } from '../support/config.ts';
import { tableOf } from '../support/exhaustive.ts';
import { cutFile, hookOnce, slowly } from './file-faults.ts';
import { JOB_ID, openTrial, type JobEnd, type RunOptions, type Trial } from './trial.ts';

/** A job of several shards. One of them has rows that are not sent. */
interface Kind {
  readonly name: string;
  readonly profile?: ProfileConfig;
  readonly config?: NightshiftConfig;
  readonly rowBytes?: number;
  readonly faults?: readonly Fault[];
  /** Runs what an earlier job leaves. */
  readonly before?: (trial: Trial) => Promise<void>;
  /** Starts the job, if it is not that of the trial. */
  readonly start?: RunOptions['start'];
  readonly jobId?: string;
  /** The shard that is damaged. */
  readonly shard?: string;
}

const ONE_PASS: Kind = { name: 'a job built in one pass' };
const SLICED: Kind = {
  name: 'a job built in slices',
  rowBytes: 33_000,
  config: { ...CONFIG, limits: { ...CONFIG.limits, sliceBytes: 65_536 } },
};
const PILOTED: Kind = { name: 'a job with a pilot', profile: { pilot: { rows: 3, maxBad: 0.9 } } };

const IDS = ['a', 'b', 'c', 'd', 'bad', 'twin', 'e', 'f', 'g', 'h'];

/** Every row fails in the first job, so that the retry has them all. */
const RETRY: Kind = {
  name: 'a retry of an earlier job',
  faults: [{ at: 'row', ids: IDS, action: { kind: 'error', code: 'NO_SUCH_THING', status: 400 }, times: 1 }],
  before: (trial) => trial.run(),
  start: (edges) => retryJob(edges, JOB_ID),
  jobId: `${JOB_ID}-retry-1`,
};
/** Runs a job with one row in the trial's bucket. */
async function runOther(trial: Trial, id: string): Promise<void> {
  const { edges, request } = trial;
  const key = `input/other-${id}.jsonl`;
  await edges.store.put(key, `${JSON.stringify({ custom_id: id, prompt: `echo:${id}` })}\n`);
  const inputs = (): Promise<InputRef[]> => Promise.resolve([{ key }]);
  await trial.run({
    start: (startEdges) => startJob(startEdges, { ...request, jobId: `other-${id}`, inputs }),
  });
}
const REUSING: Kind = {
  name: 'a job that reuses an answer of an earlier job',
  profile: { reuse: 'always' },
  before: (trial) => runOther(trial, 'g'),
};
const SAMPLED: Kind = {
  name: 'a job with the answers of its sample',
  shard: '00000',
  before: async (trial) => {
    const sample = { ...trial.request, jobId: 'sample-0123456789abcdef', limit: 2 };
    await trial.run({ start: (edges) => startJob(edges, sample) });
  },
};
const KINDS: readonly Kind[] = [
  ONE_PASS,
  SLICED,
  PILOTED,
  { name: 'a job that is sent direct', profile: { small: 'direct' } },
  RETRY,
  REUSING,
  SAMPLED,
];

/** A trial in which the job has not begun. */
async function openJob(kind: Kind): Promise<Trial> {
  const trial = await openInputs(kind);
  await kind.before?.(trial);
  return trial;
}

function openInputs({ profile = {}, config = CONFIG, rowBytes = 0, faults = [] }: Kind): Promise<Trial> {
  const user = 'x'.repeat(rowBytes);
  const line = (custom_id: string): string => {
    const row = {
      custom_id,
      prompt: custom_id === 'bad' ? '' : `echo:${custom_id === 'twin' ? 'd' : custom_id}`,
    };
    return `${JSON.stringify({ ...row, ...(rowBytes > 0 && { user }) })}\n`;
  };
  return openTrial({
    input: IDS.slice(0, 6).map(line).join(''),
    more: [IDS.slice(6).map(line).join('')],
    config,
    faults: [...faults],
    profile: { shardLimits: { maxRows: 3 }, ...profile },
  });
}

const FILES = [
  ['results of rows that are not sent', 'round-0.results.jsonl'],
  ['dead letters of rows that are not sent', 'round-0.dead-letters.jsonl'],
  ['sources of the rows', 'sources.jsonl'],
] as const;

/** The file of the shard that is damaged. */
const fileOf = ({ jobId = JOB_ID, shard = '00001' }: Kind, name: string): RegExp =>
  new RegExp(RegExp.escape(`/${jobId}/shards/${shard}/${name}`));

const TABLE = KINDS.flatMap((kind) =>
  FILES.map(([what, name]) => ({ what, file: fileOf(kind, name), kind, of: kind.name })),
);

type Wrap = (edges: TaskEdges) => TaskEdges;
const cutAfter =
  (key: RegExp, file: RegExp): Wrap =>
  (edges) =>
    hookOnce(edges, { key, after: cutFile(file) });

const paid = ({ simulator }: Trial): number =>
  [...simulator.answersPerRow().values()].reduce((sum, answers) => sum + answers, 0) +
  simulator.requests().filter(({ path, status }) => path === '/v1/chat/completions' && status === 200).length;

interface WholeJob extends JobEnd {
  readonly paid: number;
}

const whole = new Map<Kind, WholeJob>();
for (const kind of KINDS) {
  await using trial = await openJob(kind);
  await trial.run({ start: kind.start });
  whole.set(kind, { ...(await trial.end()), paid: paid(trial) });
}

describe('files of a shard that are cut short', () => {
  tableOf(TABLE, 4).test('$of: $what are written again before anything is sent', async ({ kind, file }) => {
    await using trial = await openJob(kind);

    await trial.run({ wrap: cutAfter(/plan\.json$/, file), start: kind.start });

    expect(await trial.allText()).toContain('shards_built_again');
    const { summary, ...rows } = await trial.end();
    expect(rows).toEqual({
      results: whole.get(kind)?.results,
      deadLetters: whole.get(kind)?.deadLetters,
    });
    expect(summary?.counts).toEqual(whole.get(kind)?.summary?.counts);
    expect(paid(trial)).toBe(whole.get(kind)?.paid);
  });

  tableOf(TABLE, 4).test(
    '$of: damaged $what stop the shard before it is paid, and a resume sends it',
    async ({ kind, file }) => {
      await using trial = await openJob(kind);

      // In a job with a pilot, the first `to-run.json` lists only the shards of the pilot.
      const skip = kind.profile?.pilot === undefined ? 0 : 1;
      await trial.run({
        wrap: (edges) => hookOnce(edges, { key: /to-run\.json$/, skip, after: cutFile(file) }),
        start: kind.start,
      });

      expect(paid(trial)).toBeLessThan(whole.get(kind)?.paid ?? 0);
      expect(await trial.allText()).toContain('RequestsDamaged');

      await trial.run({ start: kind.start });

      expect((await trial.end()).results).toBe(whole.get(kind)?.results);
      expect(paid(trial)).toBe(whole.get(kind)?.paid);
    },
  );

  tableOf(
    TABLE.filter(({ kind }) => [ONE_PASS, RETRY, REUSING, SAMPLED].includes(kind)),
    3,
  ).test('$of: $what are written again by a resume after the shard was paid', async ({ kind, file }) => {
    await using trial = await openJob(kind);
    const { jobId = JOB_ID, shard = '00001', start } = kind;
    const batch = new RegExp(`${jobId}/shards/${shard}/round-1\\.batch\\.json$`);

    await trial.run({ wrap: cutAfter(batch, file), start });
    expect(await trial.allText()).toContain('RequestsDamaged');
    await trial.run({ start });

    expect((await trial.end()).results).toBe(whole.get(kind)?.results);
    expect(paid(trial)).toBe(whole.get(kind)?.paid);
  });

  test.each(FILES)(
    '%s of a job that reuses answers are written again after another job has answered more of its rows',
    async (_, name) => {
      await using trial = await openJob(REUSING);
      const wrap: Wrap = (edges) =>
        hookOnce(edges, { key: /to-run\.json$/, after: cutFile(fileOf(REUSING, name)) });

      await trial.run({ wrap });
      expect(await trial.allText()).toContain('RequestsDamaged');
      await runOther(trial, 'e');
      await trial.run();

      expect((await trial.end()).results).toBe(whole.get(REUSING)?.results);
    },
  );

  test.each([
    [RETRY, '"retried":1'],
    [REUSING, '"reused":{"jobId":"other-g"'],
    [SAMPLED, '"custom_id":"a","ok":true'],
  ])('are those of jobs whose results have answers of an earlier job: $name', (kind, text) => {
    expect(whole.get(kind)?.results).toContain(text);
  });

  test.each(FILES)(
    '%s of a job with a pilot are found while its rows are set aside, with little time per call',
    async (_, name) => {
      await using trial = await openJob(PILOTED);
      const file = fileOf(PILOTED, name);

      await trial.run({ wrap: (edges) => slowly(cutAfter(/build\/pilot\.json$/, file)(edges)) });

      expect((await trial.end()).results).toBe(whole.get(PILOTED)?.results);
      expect(paid(trial)).toBe(whole.get(PILOTED)?.paid);
    },
  );
});
