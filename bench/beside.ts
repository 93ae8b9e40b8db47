import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { ProfileConfig } from '../src/config/config.ts';
import { openBench, type Bench } from './bench.ts';
import { MODEL, promptLines } from './data/inputs.ts';
import { writeLines } from './data/write-lines.ts';
import { describeMachine, ROOT } from './machine.ts';
import { race, type Runner } from './race.ts';
import { renderGroups } from './render.ts';
import type { Group } from './report.ts';
import { ourBuild } from './workloads/build.ts';
import { ourCollect } from './workloads/collect.ts';
import { prepareCollect, type CollectWork } from './workloads/prepare-collect.ts';

/**
 * The data path of this checkout beside that of an earlier commit, on the same machine and the same input. Unlike the ratios of
 * `npm run bench`, its ratios do not depend on a third program.
 */

/** Highest accepted ratio of the new time to the earlier one. */
const MOST = 1.05;

interface Flags {
  readonly repetitions: number;
  readonly rows: number;
}

/** The two checkouts, and what the report calls the earlier one. */
interface Sides extends Flags {
  readonly now: Bench;
  readonly before: Bench;
  readonly name: string;
}

await new Command('bench:beside')
  .description('run build and collect of this checkout beside those of an earlier commit, in turn')
  .argument('<commit>', 'the earlier commit')
  .option('--repetitions <number>', 'how often each program runs', wholeNumber, 4)
  .option(
    '--rows <number>',
    'rows of a build; collect takes half as many chats, and a thirtieth as many vectors',
    wholeNumber,
    600_000,
  )
  .action(run)
  .parseAsync();

async function run(commit: string, flags: Flags): Promise<void> {
  const start = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-beside-'));
  const checkout = join(folder, 'checkout');
  execute('git', 'worktree', 'add', '--quiet', '--detach', checkout, commit);
  try {
    // The earlier commit runs with the packages of its own lock file.
    execute('npm', 'ci', '--prefix', checkout, '--ignore-scripts', '--no-audit', '--no-fund');
    const options = { full: false, ...flags };
    const now = await openBench(join(folder, 'now'), options);
    const before = await openBench(join(folder, 'before'), { ...options, checkout });
    const groups = await raceAll({ ...flags, now, before, name: commit });
    const seconds = (performance.now() - start) / 1_000;
    process.stdout.write(renderGroups({ ...flags, machine: describeMachine(), seconds, groups }));
  } finally {
    execute('git', 'worktree', 'remove', '--force', checkout);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function raceAll(sides: Sides): Promise<Group[]> {
  const model = { model: MODEL };
  return [
    await raceBuilds(sides, 'Build: prompts in JSON lines', model),
    // An earlier commit may not have this field.
    await raceBuilds(sides, 'Build: prompts in JSON lines, now with `dedupe: false`', {
      ...model,
      dedupe: false,
    }),
    await raceCollects(sides, { kind: 'chat', rows: Math.ceil(sides.rows / 2), shards: 6 }),
    await raceCollects(sides, { kind: 'embeddings', rows: Math.ceil(sides.rows / 30), shards: 1 }),
  ];
}

async function raceBuilds(sides: Sides, title: string, profile: ProfileConfig): Promise<Group> {
  const runnerOf = (bench: Bench, own: ProfileConfig): Runner => {
    const folder = bench.folder('build');
    writeLines(join(folder, 'input/prompts.jsonl'), promptLines(sides.rows));
    return ourBuild(bench, folder, { file: 'prompts.jsonl', profile: own });
  };
  const runners = [runnerOf(sides.now, profile), runnerOf(sides.before, { model: MODEL })] as const;
  return compare(sides, { title, size: `${sides.rows.toLocaleString('en')} rows` }, runners);
}

async function raceCollects(sides: Sides, work: CollectWork): Promise<Group> {
  const runnerOf = async (bench: Bench): Promise<Runner> => {
    const folder = bench.folder('collect');
    const rows = Math.ceil(work.rows / work.shards) * work.shards;
    const job = await prepareCollect(bench, folder, { ...work, rows });
    return ourCollect(bench, folder, job);
  };
  const runners = [await runnerOf(sides.now), await runnerOf(sides.before)] as const;
  return compare(
    sides,
    { title: `Collect: ${work.kind}`, size: `${work.rows.toLocaleString('en')} rows` },
    runners,
  );
}

/** Compares the times of two runners, but not their bytes: a later commit may write more fields. */
async function compare(
  { name, repetitions }: Sides,
  { title, size }: { readonly title: string; readonly size: string },
  [now, before]: readonly [Runner, Runner],
): Promise<Group> {
  const ours = 'this checkout';
  const result = await race({
    runners: [
      { ...now, name: ours, outputs: undefined },
      { ...before, name, outputs: undefined },
    ],
    repetitions,
    targets: [{ ours, against: name, atMost: MOST }],
  });
  return { name: title, title, size, ...result };
}

function execute(command: string, ...args: readonly string[]): void {
  execFileSync(command, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number from 1 on.');
  return Number(text);
}
