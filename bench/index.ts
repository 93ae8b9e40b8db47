import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { openBench, type BenchOptions, type Workload } from './bench.ts';
import { findRegressions, type Regression } from './compare.ts';
import { describeMachine } from './machine.ts';
import { fillPage, renderReport } from './render.ts';
import type { Group, Report } from './report.ts';
import { WORKLOADS } from './workloads/all.ts';

interface Flags {
  readonly full?: true;
  readonly only: readonly string[];
  readonly compare?: string;
  readonly repetitions: number;
  readonly rows?: number;
  readonly out: string;
  readonly page?: string;
}

await new Command('bench')
  .description('run the table of targets beside its baselines, in this one run')
  .option('--full', 'the sizes of the targets: gigabytes of disk, and 12 GB of memory for a baseline')
  .option('--only <names>', `some of: ${Object.keys(WORKLOADS).join(', ')}`, namesOf, Object.keys(WORKLOADS))
  .option('--compare <file>', 'fail when a ratio is worse than in this report (JSON) by more than 15 %')
  .option('--repetitions <number>', 'how often each program runs', wholeNumber, 3)
  .option('--rows <number>', 'so many rows in place of the size of each workload', rowsOf)
  .option('--out <folder>', 'where bench.md and bench.json go', 'bench-results')
  .option('--page <file>', 'write the report into this page, too, below its mark')
  .action(run)
  .parseAsync();

async function run({ full: asked, only, compare, repetitions, rows, out, page }: Flags): Promise<void> {
  const full = asked === true;
  const before = compare === undefined ? undefined : (JSON.parse(readFileSync(compare, 'utf8')) as Report);
  const start = performance.now();
  const machine = describeMachine();
  const groups = await runAll(only, { full, repetitions, rows });
  const seconds = (performance.now() - start) / 1_000;
  const report: Report = { machine, full, repetitions, seconds, groups };
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'bench.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  writeFileSync(join(out, 'bench.md'), renderReport(report));
  if (page !== undefined) writeFileSync(page, fillPage(readFileSync(page, 'utf8'), report));
  process.stdout.write(`${resolve(out, 'bench.md')} and bench.json: ${seconds.toFixed(0)} s\n`);
  if (before !== undefined) tellRegressions(findRegressions(before, report));
}

async function runAll(names: readonly string[], options: BenchOptions): Promise<Group[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-bench-'));
  try {
    const bench = await openBench(folder, options);
    const groups: Group[] = [];
    for (const name of names) {
      const start = performance.now();
      const group = await workload(name)(bench);
      groups.push(group);
      const seconds = (performance.now() - start) / 1_000;
      process.stdout.write(`${group.title}: ${group.size}, measured in ${seconds.toFixed(0)} s\n`);
      for (const { target, reached, met } of group.verdicts)
        process.stdout.write(`  ${met ? 'met   ' : 'missed'} ${target}: ${reached}\n`);
    }
    return groups;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function tellRegressions(regressions: readonly Regression[]): void {
  for (const { group, ours, against, before, now } of regressions) {
    const ratio = `${ours} / ${against} was ${before.toFixed(2)} and is ${now.toFixed(2)}`;
    process.stderr.write(`${group}: ${ratio}\n`);
  }
  if (regressions.length > 0) process.exitCode = 1;
  else process.stdout.write('No ratio is worse than before.\n');
}

function workload(name: string): Workload {
  const found = WORKLOADS[name];
  if (found === undefined) throw new InvalidArgumentError(`There is no workload "${name}".`);
  return found;
}

/**
 * Reads the workloads' names, separated by commas.
 * @throws InvalidArgumentError, which commander reports with the option's name.
 */
function namesOf(text: string): string[] {
  const names = text.split(',');
  for (const name of names) workload(name);
  return names;
}

function rowsOf(text: string): number {
  if (!/^[1-9]\d{2,8}$/.test(text)) throw new InvalidArgumentError('It must be a number from 100 on.');
  return Number(text);
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError('It must be a number from 1 to 99.');
  return Number(text);
}
