import { rmSync, statSync, mkdirSync, linkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plan } from '../../src/checkpoints/plan.ts';
import type { ShardEnd } from '../../src/checkpoints/shard/shard-end.ts';
import { jobKey, planKey, shardKey } from '../../src/checkpoints/keys.ts';
import { cat, type Workload } from '../bench.ts';
import { race } from '../race.ts';
import type { Group } from '../report.ts';
import { JOB_ID } from '../tasks/job.ts';
import { makeJob } from '../tasks/make-job.ts';
import { clear, countCalls, upload, s3Env, startS3 } from './s3.ts';

/** *Write results* of a job with 1,000 finished shards: their results become one object. */

const SHARDS = 1_000;
const ours = 'nightshift';
const SHARD_IDS = Array.from({ length: SHARDS }, (_, shard) => shard);
const resultsOf = (shard: number): string => shardKey({ jobId: JOB_ID, shard }, 'results.jsonl');

export const mergeFolder: Workload = async (bench) => {
  const folder = bench.folder('merge');
  const bytes = bench.size(300_000, 3_000_000);
  const results = resultLine(folder, bytes);
  const objects = {
    ...smallObjects(),
    ...Object.fromEntries(SHARD_IDS.map((shard) => [resultsOf(shard), results])),
  };
  const store = join(folder, 'store');
  const inputBytes = SHARDS * statSync(results).size;
  const result = await race({
    runners: [
      {
        name: ours,
        argv: bench.program('tasks/merge'),
        env: { STORE: pathToFileURL(store).href },
        // The step deletes the shards' files once they are joined.
        before: async () => {
          rmSync(store, { recursive: true, force: true });
          writeOutputFiles(folder, store, objects);
        },
        outputs: async () => [join(store, 'output/bench/results.jsonl')],
      },
      {
        name: 'cat',
        argv: cat(
          SHARD_IDS.map(() => results),
          join(folder, 'cat.out'),
        ),
        outputs: async () => [join(folder, 'cat.out')],
      },
    ],
    repetitions: bench.repetitions,
    inputBytes,
    targets: [{ ours, against: 'cat', atMost: 12 }],
  });
  rmSync(folder, { recursive: true });
  const notes = [
    ...result.notes,
    'A shard’s line is one row of its whole size: the shards’ bytes are joined, not read as rows.',
  ];
  // The targets require a method and not a ratio, so this ratio has no target.
  return { ...describe('merge', 'Merge in a folder', bytes), ...result, verdicts: [], notes };
};

export const mergeThroughS3: Workload = async (bench) => {
  const folder = bench.folder('s3-merge');
  const bytes = 6_000_000;
  const results = resultLine(folder, bytes);
  await using sink = await startS3();
  const small = smallObjects();
  const fill = async (): Promise<void> => {
    for (const [key, content] of Object.entries(small))
      await upload(sink, [key], fileOf(folder, key, content));
    await upload(sink, SHARD_IDS.map(resultsOf), results);
  };
  const result = await race({
    runners: [
      {
        name: ours,
        argv: bench.program('tasks/merge'),
        env: s3Env(sink),
        // The step deletes the shards' objects once they are joined.
        before: async () => {
          await clear(sink, '');
          await fill();
        },
      },
    ],
    repetitions: bench.repetitions,
    inputBytes: SHARDS * bytes,
    targets: [{ ours, rssMb: 250 }],
  });
  const calls = await countCalls(sink);
  rmSync(folder, { recursive: true });
  const { UploadPart = 0, UploadPartCopy = 0 } = calls;
  const byServer = {
    target: 'parts copied by the server',
    reached: `${UploadPartCopy} of ${UploadPartCopy + UploadPart}`,
    met: UploadPart === 0,
  };
  return {
    ...describe('s3-merge', 'Merge on S3', bytes),
    ...result,
    verdicts: [byServer, ...result.verdicts],
    facts: Object.entries(calls).map(([name, count]) => ({ name, value: count.toLocaleString('en') })),
  };
};

function describe(name: string, title: string, bytes: number): Pick<Group, 'name' | 'title' | 'size'> {
  return { name, title, size: `${SHARDS.toLocaleString('en')} shards of ${bytes / 1e6} MB` };
}

/** Objects of one row each. */
function smallObjects(): Record<string, object> {
  const job = makeJob('input/rows.jsonl', { model: 'm' });
  const shard = { rows: 1, invalid: 0, requests: 1, bytes: 100 };
  const shards = SHARD_IDS.map(() => shard);
  const plan: Plan = { rows: SHARDS, invalid: 0, inputTokens: 0, shards, problems: [] };
  const usage = { inputTokens: 0, outputTokens: 0, energy: 0, credits: 0 };
  const counts = { ok: 1, failed: 0, exhausted: 0, invalid_output: 0, invalid: 0 };
  const none = { missing: 0, duplicates: 0, unknown: 0, unknownIds: [], unreadable: 0, left: [] };
  const end: ShardEnd = { counts, rounds: 1, usage, batches: [], ...none };
  return {
    [jobKey(JOB_ID)]: job,
    [planKey(JOB_ID)]: plan,
    ...Object.fromEntries(SHARD_IDS.map((shard) => [shardKey({ jobId: JOB_ID, shard }, 'done.json'), end])),
  };
}

function resultLine(folder: string, bytes: number): string {
  const file = join(folder, 'results.jsonl');
  writeFileSync(file, `{"custom_id":"q","ok":true,"text":"${'x'.repeat(bytes - 60)}","round":1}\n`);
  return file;
}

function fileOf(folder: string, key: string, content: object): string {
  const file = join(folder, 'small', key);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(content)}\n`);
  return file;
}

/** Writes files into a folder: a path becomes a link, and an object becomes JSON. */
function writeOutputFiles(
  folder: string,
  store: string,
  objects: Readonly<Record<string, object | string>>,
): void {
  for (const [key, content] of Object.entries(objects)) {
    const file = join(store, key);
    mkdirSync(dirname(file), { recursive: true });
    linkSync(typeof content === 'string' ? content : fileOf(folder, key, content), file);
  }
}
