import { Command } from 'commander';
import { InvalidRequest } from '../../src/errors.ts';
import { takeInterrupts } from '../interrupts.ts';
import { resultFiles } from '../output-files.ts';
import { findJob } from '../targets/find-job.ts';
import { openTarget, type Target } from '../targets/open-target.ts';
import { printError } from '../output.ts';
import { reportSummary } from '../view/report.ts';
import { openView } from '../view/view.ts';
import { watchJob } from '../watch-job.ts';
import { jobArgument } from './job-argument.ts';
import { EXIT, exitStatus } from './exit-status.ts';
import { positiveNumber } from './numbers.ts';
import { addTargetOptions, type TargetFlags } from './options.ts';

export interface WatchFlags extends TargetFlags {
  readonly interval: number;
}

/** `nightshift watch <job>`. */
export function watchCommand(): Command {
  const command = new Command('watch')
    .description('show the progress of a job until it ends, and its results')
    .argument('<job>', 'jobId', jobArgument);
  return addTargetOptions(addIntervalOption(command))
    .addHelpText('after', WATCH_HELP)
    .action(async (asked: string, flags: WatchFlags) => {
      const target = await openTarget(flags);
      process.exitCode = await watch(target, await jobToWatch(target, asked), flags);
    });
}

/** {@link watchJob} repeats a read that fails. */
async function jobToWatch(target: Target, asked: string): Promise<string> {
  return findJob(target, asked).catch((error: unknown) => {
    if (error instanceof InvalidRequest) throw error;
    return asked;
  });
}

export function addIntervalOption(command: Command): Command {
  return command.option(
    '--interval <seconds>',
    'seconds between two reads of the job; longer for thousands of shards',
    positiveNumber,
    5,
  );
}

export const WATCH_HELP = `
Exit status: 0 every row is ok, 3 finished with dead letters, 1 the job failed or nothing runs it, 2 usage error,
130 Ctrl-C: the job continues.`;

/**
 * Watches a job to its end.
 * @returns the exit status
 */
export async function watch(
  target: Target,
  jobId: string,
  { json, interval }: Pick<WatchFlags, 'json' | 'interval'>,
): Promise<number> {
  const { first: signal } = takeInterrupts();
  const view = openView({ json }, target.options);
  const watched = await watchJob({ target, jobId, view, intervalSeconds: interval, signal });
  if (watched.end === 'left') {
    printError(`The job continues. Watch it again: nightshift watch ${jobId}${target.options}`);
    return EXIT.interrupted;
  }
  if (watched.end === 'waits') {
    printError(
      `Nothing runs job ${jobId}. \`nightshift local${target.options}\` continues the jobs that have not ended there; so does \`nightshift resume ${jobId}${target.options}\`.`,
    );
    return EXIT.failed;
  }
  if (watched.summary === undefined) {
    printError(
      `Job ${jobId} ended without a summary. Continue it: nightshift resume ${jobId}${target.options}`,
    );
    return EXIT.failed;
  }
  const files = await resultFiles(target.store, watched.summary);
  await reportSummary(target.store, watched.summary, { files, json });
  return exitStatus(watched.summary);
}
