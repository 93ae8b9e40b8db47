import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bytesOf, cat, sizeOf, type Bench, type Workload } from '../bench.ts';
import { has } from '../machine.ts';
import { race, type Runner, type Target } from '../race.ts';
import { linkJob, prepareCollect, type EndedJob, type Kind } from './prepare-collect.ts';

/** *Collect results* of every shard and *Write results* on a folder, compared with one pass over the provider's files. */

const ours = 'nightshift';
const guide = "guide's Python";

export const collectChat = collect('collect', 'Collect in input order: chat', 'chat', [
  { ours, against: 'cat', atMost: 12 },
  { ours, against: guide, atLeast: 6 },
  { ours, against: 'naive Node', atLeast: 2.5 },
  // 64 MiB of result lines are kept in memory. With 24 MiB, a collect had 178 MB, but read half of the lines again.
  { ours, rssMb: 240 },
]);

export const collectEmbeddings = collect('embeddings', 'Collect in input order: embeddings', 'embeddings', [
  { ours, against: 'cat', atMost: 4 },
  { ours, against: guide, atLeast: 40 },
  { ours, against: 'naive Node', atLeast: 4 },
  { ours, rssMb: 150 },
]);

function collect(name: string, title: string, kind: Kind, targets: readonly Target[]): Workload {
  return async (bench) => {
    const [rows, shards] =
      kind === 'chat' ? [bench.size(100_000, 1_000_000), bench.size(4, 20)] : [bench.size(5_000, 50_000), 1];
    const folder = bench.folder(name);
    const job = await prepareCollect(bench, folder, { kind, rows, shards });
    const inputBytes = bytesOf(job.outputs);
    const runners = runnersOf(bench, job, kind);
    const result = await race({ runners, repetitions: bench.repetitions, inputBytes, targets });
    rmSync(folder, { recursive: true });
    return { name, title, size: `${sizeOf(rows, inputBytes)}, ${shards} shards`, ...result };
  };
}

function runnersOf(bench: Bench, job: EndedJob, kind: Kind): Runner[] {
  const { folder, requests, outputs } = job;
  const naive = join(folder, 'naive.jsonl');
  const python: Runner = {
    name: guide,
    argv: [...bench.program('baselines/guide_collect.py'), join(folder, 'guide.jsonl'), kind, ...outputs],
    // Takes minutes and gigabytes at the large sizes.
    once: bench.full,
  };
  return [
    ourCollect(bench, folder, job),
    { name: 'cat', argv: cat(outputs, join(folder, 'cat.out')) },
    {
      name: 'naive Node',
      argv: [
        ...bench.program('baselines/naive-collect'),
        naive,
        ...requests.flatMap((file, shard) => [file, outputs[shard] ?? '']),
      ],
      outputs: async () => [naive],
    },
    ...(has('python3') ? [python] : []),
  ];
}

/** Runs our steps on a copy of the job in the folder. */
export function ourCollect(bench: Bench, folder: string, job: EndedJob): Runner {
  const work = join(folder, 'work');
  return {
    name: ours,
    argv: [...bench.program('tasks/collect'), ...job.outputs],
    env: { STORE: pathToFileURL(work).href },
    before: async () => linkJob(job, work),
    outputs: async () => [join(work, 'output/bench/results.jsonl')],
  };
}
