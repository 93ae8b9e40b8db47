import { globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ProfileConfig } from '../../src/config/config.ts';
import { bytesOf, cat, sizeOf, type Bench } from '../bench.ts';
import { CSV_PROMPT, csvLines, MODEL, promptLines, requestLines } from '../data/inputs.ts';
import { writeLines } from '../data/write-lines.ts';
import { has } from '../machine.ts';
import { race, type Runner, type Target } from '../race.ts';
import type { Group } from '../report.ts';

/** *Build requests* on a folder. */

interface BuildWork {
  readonly name: string;
  readonly title: string;
  readonly file: string;
  readonly lines: (rows: number) => Iterable<string>;
  readonly profile: ProfileConfig;
  /** The baselines among `cat`, `naive Node` and the Python scripts. */
  readonly against: readonly Baseline[];
  readonly targets: readonly Target[];
}

interface Baseline {
  readonly name: string;
  readonly program: string;
  /** True if its bytes must equal ours. */
  readonly same: boolean;
}

/**
 * Peak of a build of 1,000,000 rows: 105 MB for the process, its code and its buffers (as for 10,000 rows), and for each row 8 bytes
 * for its id and at most 22.4 for its request (`src/reuse/leaders.ts`).
 */
const PEAK_MB = 136;

const NAIVE: Baseline = { name: 'naive Node', program: 'baselines/naive-build', same: true };
const ours = 'nightshift';

export const buildPrompts = build({
  name: 'build',
  title: 'Build: prompts in JSON lines',
  file: 'prompts.jsonl',
  lines: promptLines,
  profile: { model: MODEL },
  against: [NAIVE, { name: "guide's Python", program: 'baselines/guide_build.py', same: false }],
  targets: [
    { ours, against: 'cat', atMost: 10 },
    { ours, against: "guide's Python", atLeast: 5 },
    { ours, against: 'naive Node', atLeast: 1 },
    { ours, rssMb: PEAK_MB },
  ],
});

export const buildRequestLines = build({
  name: 'requests',
  title: 'Build: ready-made request lines',
  file: 'requests.jsonl',
  lines: requestLines,
  profile: {},
  against: [NAIVE],
  targets: [
    { ours, against: 'cat', atMost: 9 },
    { ours, against: 'naive Node', atLeast: 1 },
    { ours, rssMb: PEAK_MB },
  ],
});

export const buildTable = build({
  name: 'csv',
  title: 'Build: a CSV table, by a template',
  file: 'reviews.csv',
  lines: csvLines,
  profile: { model: MODEL, prompt: CSV_PROMPT },
  against: [{ name: "Python's csv", program: 'baselines/csv_build.py', same: true }],
  targets: [
    { ours, against: "Python's csv", atLeast: 2 },
    { ours, rssMb: 150 },
  ],
});

function build(work: BuildWork): (bench: Bench) => Promise<Group> {
  return async (bench) => {
    const rows = bench.size(200_000, 1_000_000);
    const folder = bench.folder(work.name);
    const input = join(folder, 'input', work.file);
    writeLines(input, work.lines(rows));
    const runners = [
      ourBuild(bench, folder, work),
      { name: 'cat', argv: cat([input], join(folder, 'cat.out')) },
      ...work.against.flatMap((baseline) => runnerOf(bench, folder, input, baseline)),
    ];
    const { repetitions } = bench;
    const inputBytes = bytesOf([input]);
    const result = await race({ runners, repetitions, inputBytes, targets: work.targets });
    rmSync(folder, { recursive: true });
    return { name: work.name, title: work.title, size: sizeOf(rows, inputBytes), ...result };
  };
}

/** The shards' files in order. */
const shardsOf = (folder: string): string[] =>
  globSync('jobs/*/shards/*/round-1.requests.jsonl', { cwd: folder })
    .toSorted()
    .map((file) => join(folder, file));

/** Runs our step on a folder with `input/<file>`. */
export function ourBuild(
  bench: Bench,
  folder: string,
  { file, profile }: Pick<BuildWork, 'file' | 'profile'>,
): Runner {
  return {
    name: ours,
    argv: [...bench.program('tasks/build'), `input/${file}`, JSON.stringify(profile)],
    env: { STORE: pathToFileURL(folder).href },
    before: async () => rmSync(join(folder, 'jobs'), { recursive: true, force: true }),
    outputs: async () => shardsOf(folder),
  };
}

function runnerOf(bench: Bench, folder: string, input: string, baseline: Baseline): Runner[] {
  const { name, program, same } = baseline;
  if (program.endsWith('.py') && !has('python3')) return [];
  const out = join(folder, `${name.replaceAll(/\W/g, '-')}.out`);
  const argv = [...bench.program(program), input, out, MODEL];
  return [{ name, argv, ...(same && { outputs: async () => [out] }) }];
}
