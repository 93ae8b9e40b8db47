import { Command } from 'commander';
import { retryJob, type RetryTreatment } from '../../src/job-control/retry-job.ts';
import type { StartEdges, StartedJob } from '../../src/job-control/start-job.ts';
import { InvalidRequest } from '../../src/errors.ts';
import type { LoadConfig } from '../config/load-config.ts';
import { typedLine } from '../json-lines.ts';
import { print } from '../output.ts';
import { noSuchJob } from '../targets/find-job.ts';
import { configOf, openStack, startEdges, type Target } from '../targets/open-target.ts';
import { jobArgument } from './job-argument.ts';
import { wholeNumber } from './numbers.ts';
import { overridesOf } from '../overrides.ts';
import { addTargetOptions, type TreatmentFlags } from './options.ts';
import { addIntervalOption, watch, WATCH_HELP, type WatchFlags } from './watch.ts';

export interface RetryFlags
  extends WatchFlags, Pick<TreatmentFlags, 'profile' | 'provider' | 'model' | 'rounds'> {
  readonly wait?: true;
  readonly out?: string;
}

/** `nightshift retry <job>`. */
export function retryCommand(loadConfig: LoadConfig): Command {
  const command = new Command('retry')
    .description('send the rows of a job that are not ok again, and merge their results')
    .argument('<job>', 'jobId', jobArgument)
    .option(
      '--profile <name>',
      "another profile (default: the job's, with its current settings in nightshift.config.ts)",
    )
    .option('--provider <name>', "another provider than the profile's")
    .option('--model <name>', 'the model for rows that name none')
    .option('--rounds <number>', 'most rounds a row may take part in', wholeNumber)
    .option('--out <path>', 'with --data: put the merged results there, as run does')
    .option('--wait', 'on a stack: watch the retry to its end');
  return addTargetOptions(addIntervalOption(command))
    .addHelpText(
      'after',
      `\nRows that are ok are not sent again. A retry is a separate job, <job>-retry-1. With --data it runs on this machine.${WATCH_HELP}`,
    )
    .action(async (jobId: string, flags: RetryFlags) => {
      const treatment = { profile: flags.profile, overrides: overridesOf(flags) };
      if (flags.data === undefined && flags.out !== undefined)
        throw new InvalidRequest(
          `--out needs --data <folder>. On a stack, get the merged results when the retry has ended: nightshift results ${jobId} --out <path>`,
        );
      if (flags.data === undefined) await retryOnStack(jobId, treatment, flags, loadConfig);
      else {
        const { retryInFolder } = await import('./retry-in-folder.ts');
        const folder = { ...flags, data: flags.data };
        process.exitCode = await retryInFolder(jobId, treatment, folder, await loadConfig());
      }
    });
}

async function retryOnStack(
  jobId: string,
  treatment: RetryTreatment,
  flags: RetryFlags,
  loadConfig: LoadConfig,
): Promise<void> {
  const target = await openStack(flags);
  const config = await configOf(target, loadConfig);
  const retry = await startRetry(startEdges(target, config), target, jobId, treatment);
  if (flags.json) print(typedLine('started', { jobId: retry.jobId, state: retry.state }));
  else print(`${describeRetry(retry, jobId)} Watch it: nightshift watch ${retry.jobId}${target.options}`);
  if (flags.wait) process.exitCode = await watch(target, retry.jobId, flags);
}

export async function startRetry(
  edges: StartEdges,
  target: Target,
  jobId: string,
  treatment: RetryTreatment,
): Promise<StartedJob> {
  const started = await retryJob(edges, jobId, treatment);
  if (started === undefined) throw await noSuchJob(target, jobId);
  return started;
}

const TOLD = {
  started: 'started',
  resumed: 'continues',
  running: 'runs already',
  cancelling: 'is being cancelled',
  finished: 'has ended',
} as const;

export function describeRetry({ jobId, state }: StartedJob, first: string): string {
  return `Retry ${jobId} of job ${first} ${TOLD[state]}.`;
}
