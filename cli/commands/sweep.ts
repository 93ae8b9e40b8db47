import { printable } from '../../src/text/printable.ts';
import { print } from '../output.ts';
import { Command } from 'commander';
import type { LoadConfig } from '../config/load-config.ts';
import { longestSweepDays, sweepInput, type Sweep } from '../../src/job-control/sweep-input.ts';
import { InvalidRequest } from '../../src/errors.ts';
import { typedLine } from '../json-lines.ts';
import { configOf, openStack, startEdges, type Target } from '../targets/open-target.ts';
import { positiveNumber } from './numbers.ts';
import { addStackOptions, type TargetFlags } from './options.ts';

interface SweepFlags extends TargetFlags {
  readonly days: number;
  readonly limit: number;
}

/** `nightshift sweep` runs the stack's hourly search for files without a job now, optionally for older files. */
export function sweepCommand(loadConfig: LoadConfig): Command {
  const command = new Command('sweep')
    .description('start the jobs of files below input/ whose event was lost')
    .option('--days <number>', 'include files that were written in this many days', positiveNumber, 2)
    .option('-n, --limit <number>', 'most jobs to start', positiveNumber, 100);
  return addStackOptions(command).action(async ({ days, limit, ...flags }: SweepFlags) => {
    const target = await openStack(flags);
    const config = await configOf(target, loadConfig);
    const longest = longestSweepDays(config);
    if (days > longest) {
      throw new InvalidRequest(
        `--days ${days}: the bucket may have deleted jobs of that age, and their files would be paid for again. Give at most ${longest}.`,
      );
    }
    const swept = await sweepInput(startEdges(target, config), { days, limit });
    const lines = flags.json
      ? swept.jobs.map((jobId) => typedLine('started', { jobId, state: 'started' }))
      : describe(swept, target);
    for (const line of lines) print(printable(line));
  });
}

function describe({ jobs, files, complete }: Sweep, { options }: Target): string[] {
  const more = complete ? '' : ' There may be more: run it again.';
  if (jobs.length === 0) return [`Each of ${files} files has its job.${more}`];
  return [
    ...jobs.map((jobId) => `job ${jobId} started`),
    `${jobs.length} of ${files} files had no job.${more} See them: nightshift list${options}`,
  ];
}
