import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf, sizeOf, type Workload } from '../bench.ts';
import { MODEL, promptLines } from '../data/inputs.ts';
import { writeLines } from '../data/write-lines.ts';
import { has } from '../machine.ts';
import { race, type Runner } from '../race.ts';
import { prepareCollect } from './prepare-collect.ts';
import { clear, curlThrough, upload, s3Env, startS3 } from './s3.ts';

/** The steps that build and collect, through the S3 adapter, over HTTP to a sink on this machine. */

const ours = 'nightshift';
const floor = 'curl | curl';

export const buildThroughS3: Workload = async (bench) => {
  const rows = bench.size(200_000, 1_000_000);
  const folder = bench.folder('s3-build');
  const file = join(folder, 'prompts.jsonl');
  const inputBytes = writeLines(file, promptLines(rows));
  await using sink = await startS3();
  const key = 'input/prompts.jsonl';
  await upload(sink, [key], file);
  const argv = [...bench.program('tasks/build'), key, JSON.stringify({ model: MODEL })];
  const result = await race({
    runners: [
      { name: ours, argv, env: s3Env(sink), before: () => clear(sink, 'jobs/') },
      ...curl(curlThrough(sink, [key], 'copy')),
    ],
    repetitions: bench.repetitions,
    inputBytes,
    targets: [
      { ours, against: floor, atMost: 9 },
      { ours, rssMb: 250 },
    ],
  });
  rmSync(folder, { recursive: true });
  return { name: 's3-build', title: 'Through S3: build', size: sizeOf(rows, inputBytes), ...result };
};

export const collectThroughS3: Workload = async (bench) => {
  const rows = bench.size(100_000, 1_000_000);
  const shards = bench.size(4, 20);
  const folder = bench.folder('s3-collect');
  const job = await prepareCollect(bench, folder, { kind: 'chat', rows, shards });
  await using sink = await startS3();
  const outputKeys = job.outputs.map((_, shard) => `outputs/${shard}.jsonl`);
  for (const [shard, file] of job.outputs.entries()) await upload(sink, [outputKeys[shard] ?? ''], file);
  const before = async (): Promise<void> => {
    // With the summary of an earlier run, the step that writes the results would have nothing to do.
    for (const prefix of ['jobs/', 'output/']) await clear(sink, prefix);
    for (const key of job.keys) await upload(sink, [key], join(folder, key));
  };
  const inputBytes = bytesOf(job.outputs);
  const result = await race({
    runners: [
      { name: ours, argv: [...bench.program('tasks/collect'), ...job.outputs], env: s3Env(sink), before },
      ...curl(curlThrough(sink, outputKeys, 'copy')),
    ],
    repetitions: bench.repetitions,
    inputBytes,
    targets: [
      { ours, against: floor, atMost: 3 },
      // Three parts of 8 MiB, and 64 MiB of result lines.
      { ours, rssMb: 290 },
    ],
  });
  rmSync(folder, { recursive: true });
  const size = `${sizeOf(rows, inputBytes)}, ${shards} shards`;
  return { name: 's3-collect', title: 'Through S3: collect', size, ...result };
};

const curl = (argv: readonly string[]): Runner[] => (has('curl') ? [{ name: floor, argv }] : []);
