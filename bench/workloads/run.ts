import { globSync, linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bytesOf, sizeOf, type Bench, type Workload } from '../bench.ts';
import { MODEL, promptLines } from '../data/inputs.ts';
import { chatOutput } from '../data/outputs.ts';
import { writeLines } from '../data/write-lines.ts';
import { watchDisk } from '../disk.ts';
import { race, type Runner } from '../race.ts';
import type { Verdict } from '../report.ts';
import { startServer, type Server } from '../servers/start-server.ts';
import { configureRun } from './command-line.ts';

/**
 * `nightshift run` against a provider that has all answers already, compared with the steps that build, collect and write the same
 * rows. So the provider's time is almost nothing, and the rest of the difference is that of the host: its start, the state
 * machine, the polls, and the transfers.
 */

const ours = 'nightshift run';
const alone = 'the data path alone';
const SHARD_ROWS = 50_000;
const MAX_DISK = 3;

interface Work {
  readonly rows: number;
  readonly shardRows: number;
  readonly folder: string;
  /** The input, and the provider's output file of each shard. */
  readonly input: string;
  readonly outputs: readonly string[];
  readonly data: string;
}

export const wholeRun: Workload = async (bench) => {
  const work = prepare(bench);
  const { rows, folder, input, outputs, data } = work;
  await using provider = await startServer('ready-provider', outputs);
  const inputBytes = bytesOf([input]);
  mkdirSync(data);
  using disk = watchDisk(data, 250);
  const result = await race({
    runners: [ourRun(work, provider), dataPath(bench, work)],
    repetitions: bench.repetitions,
    inputBytes,
    targets: [
      { ours, against: alone, atMost: 2 },
      { ours, rssMb: 500 },
    ],
  });
  const transferred = inputBytes + bytesOf(outputs);
  const most = disk.most;
  const busy = await provider.cpuSeconds();
  rmSync(folder, { recursive: true });
  return {
    name: 'run',
    title: 'A whole `run` beside its data path',
    size: `${sizeOf(rows, inputBytes)}, ${outputs.length} shards`,
    ...result,
    verdicts: [...result.verdicts, judgeDisk(most, transferred)],
    facts: [{ name: "the provider's CPU time per run", value: `${(busy / bench.repetitions).toFixed(2)} s` }],
    notes: [
      ...result.notes,
      'The provider has all answers already: it discards uploads, and each batch has ended at its first poll.',
    ],
  };
};

function prepare(bench: Bench): Work {
  const asked = bench.size(100_000, 1_000_000);
  const shards = Math.max(2, Math.ceil(asked / SHARD_ROWS));
  const shardRows = Math.ceil(asked / shards);
  const rows = shards * shardRows;
  const folder = bench.folder('run');
  const input = join(folder, 'prompts.jsonl');
  writeLines(input, promptLines(rows));
  const outputs = Array.from({ length: shards }, (_, shard) => {
    const file = join(folder, 'outputs', `${shard}.jsonl`);
    writeLines(file, chatOutput(shard * shardRows, shardRows));
    return file;
  });
  return { rows, shardRows, folder, input, outputs, data: join(folder, 'data') };
}

const limitsOf = ({ shardRows }: Work) => ({ maxRows: shardRows, maxBytes: 200_000_000 });

function ourRun(work: Work, provider: Server): Runner {
  const { folder, input, data } = work;
  const run = configureRun(folder, { url: `${provider.url}/v1`, shardLimits: limitsOf(work) });
  return {
    name: ours,
    ...run(input, data),
    before: async () => {
      // The folder itself stays, because it is watched.
      for (const name of readdirSync(data)) rmSync(join(data, name), { recursive: true });
    },
    outputs: async () => globSync(join(data, 'output/*/results.jsonl')),
  };
}

/** The steps on a folder, as their Lambdas run them, with the provider's answers in local files. */
function dataPath(bench: Bench, work: Work): Runner {
  const store = join(work.folder, 'alone');
  const profile = JSON.stringify({ model: MODEL, shardLimits: limitsOf(work) });
  const build = [...bench.program('tasks/build'), 'input/prompts.jsonl', profile];
  const collect = [...bench.program('tasks/collect'), ...work.outputs];
  return {
    name: alone,
    argv: ['sh', '-c', `${quoted(build)} && ${quoted(collect)}`],
    env: { STORE: pathToFileURL(store).href },
    before: async () => {
      rmSync(store, { recursive: true, force: true });
      mkdirSync(join(store, 'input'), { recursive: true });
      linkSync(work.input, join(store, 'input/prompts.jsonl'));
    },
    outputs: async () => [join(store, 'output/bench/results.jsonl')],
  };
}

/** Words of a shell's command. */
function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ');
}

function judgeDisk(most: number, transferred: number): Verdict {
  const times = most / transferred;
  return {
    target: `at most ${MAX_DISK}x the input and the provider's answers on the disk`,
    reached: `${times.toFixed(2)}x (${(most / 1e6).toFixed(0)} MB)`,
    met: times <= MAX_DISK,
  };
}
