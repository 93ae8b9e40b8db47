import { describe, expect, test } from 'vitest';
import type { TaskEdges } from '../../src/announce/channel.ts';
import type { NightshiftConfig, ProfileConfig } from '../../src/config/config.ts';
import { CONFIG } from '../support/config.ts';
import { tableOf } from '../support/exhaustive.ts';
import { cutFile, hookOnce, slowly } from './file-faults.ts';
import { openTrial, type JobEnd, type Trial } from './trial.ts';

/** A job of three shards. The second shard has rows that are not sent. */
interface Kind {
  readonly name: string;
  readonly profile?: ProfileConfig;
  readonly config?: NightshiftConfig;
  readonly rowBytes?: number;
}

const ONE_PASS: Kind = { name: 'a job built in one pass' };
const KINDS: readonly Kind[] = [
  ONE_PASS,
  {
    name: 'a job built in slices',
    rowBytes: 33_000,
    config: { ...CONFIG, limits: { ...CONFIG.limits, sliceBytes: 65_536 } },
  },
  { name: 'a job with a pilot', profile: { pilot: { rows: 3, maxBad: 0.9 } } },
  { name: 'a job that is sent direct', profile: { small: 'direct' } },
];

const IDS = ['a', 'b', 'c', 'd', 'bad', 'twin', 'e', 'f', 'g', 'h'];

function openJob({ profile = {}, config = CONFIG, rowBytes = 0 }: Kind): Promise<Trial> {
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
    profile: { shardLimits: { maxRows: 3 }, ...profile },
  });
}

const whole = new Map<Kind, JobEnd>();
for (const kind of KINDS) {
  await using trial = await openJob(kind);
  await trial.run();
  whole.set(kind, await trial.end());
}

const FILES = [
  ['results of rows that are not sent', /shards\/00001\/round-0\.results\.jsonl$/],
  ['dead letters of rows that are not sent', /shards\/00001\/round-0\.dead-letters\.jsonl$/],
  ['sources of the rows', /shards\/00001\/sources\.jsonl$/],
] as const;

const TABLE = KINDS.flatMap((kind) => FILES.map(([what, file]) => ({ what, file, kind, of: kind.name })));

type Wrap = (edges: TaskEdges) => TaskEdges;
const cutAfter =
  (key: RegExp, file: RegExp): Wrap =>
  (edges) =>
    hookOnce(edges, { key, after: cutFile(file) });

const paid = ({ simulator }: Trial): number =>
  [...simulator.answersPerRow().values()].reduce((sum, answers) => sum + answers, 0) +
  simulator.requests().filter(({ path, status }) => path === '/v1/chat/completions' && status === 200).length;

/** Number of rows that are sent: one of the ten is invalid, and one repeats the request of another. */
const SENT = 8;

describe('files of a shard that are cut short', () => {
  tableOf(TABLE, 4).test('$of: $what are written again before anything is sent', async ({ kind, file }) => {
    await using trial = await openJob(kind);

    await trial.run({ wrap: cutAfter(/plan\.json$/, file) });

    expect(await trial.allText()).toContain('shards_built_again');
    const { summary, ...rows } = await trial.end();
    expect(rows).toEqual({
      results: whole.get(kind)?.results,
      deadLetters: whole.get(kind)?.deadLetters,
    });
    expect(summary?.counts).toEqual(whole.get(kind)?.summary?.counts);
    expect(paid(trial)).toBe(SENT);
  });

  tableOf(TABLE, 4).test(
    '$of: damaged $what stop the shard before it is paid, and a resume sends it',
    async ({ kind, file }) => {
      await using trial = await openJob(kind);

      // In a job with a pilot, the first `to-run.json` lists only the shards of the pilot.
      const skip = kind.profile?.pilot === undefined ? 0 : 1;
      await trial.run({
        wrap: (edges) => hookOnce(edges, { key: /to-run\.json$/, skip, after: cutFile(file) }),
      });

      expect(paid(trial)).toBeLessThan(SENT);
      expect(await trial.allText()).toContain('RequestsDamaged');

      await trial.run();

      expect((await trial.end()).results).toBe(whole.get(kind)?.results);
      expect(paid(trial)).toBe(SENT);
    },
  );

  test.each(FILES)('%s are written again by a resume after the shard was paid', async (_, file) => {
    await using trial = await openJob(ONE_PASS);

    await trial.run({ wrap: cutAfter(/00001\/round-1\.batch\.json$/, file) });
    expect(await trial.allText()).toContain('RequestsDamaged');
    await trial.run();

    expect((await trial.end()).results).toBe(whole.get(ONE_PASS)?.results);
    expect(paid(trial)).toBe(SENT);
  });

  test.each(FILES)(
    '%s of a job with a pilot are found while its rows are set aside, with little time per call',
    async (_, file) => {
      const kind = KINDS[2] ?? ONE_PASS;
      await using trial = await openJob(kind);

      await trial.run({ wrap: (edges) => slowly(cutAfter(/build\/pilot\.json$/, file)(edges)) });

      expect((await trial.end()).results).toBe(whole.get(kind)?.results);
      expect(paid(trial)).toBe(SENT);
    },
  );
});
