import { styleText } from 'node:util';
import { Command, Option } from 'commander';
import type { LoadConfig } from '../config/load-config.ts';
import { cancelJob } from '../../src/job-control/cancel-job.ts';
import { resumeJob } from '../../src/job-control/start-job.ts';
import { InvalidRequest } from '../../src/errors.ts';
import { printable } from '../../src/text/printable.ts';
import { readDetails, type JobOverview } from '../../src/status/job-status.ts';
import { JOB_STATES, type JobState } from '../../src/status/job-states.ts';
import { listJobs } from '../../src/status/list-jobs.ts';
import { typedLine } from '../json-lines.ts';
import { print, printError } from '../output.ts';
import { findJob, noSuchJob } from '../targets/find-job.ts';
import { nothingToResume } from '../view/nothing-to-resume.ts';
import { configOf, openTarget, openStack, startEdges } from '../targets/open-target.ts';
import { jobsTable } from '../view/jobs-table.ts';
import { describeJob } from '../view/describe-job.ts';
import { jobArgument } from './job-argument.ts';
import { positiveNumber } from './numbers.ts';
import { addTargetOptions, type TargetFlags } from './options.ts';

/** `nightshift status [job]`. */
export function statusCommand(): Command {
  const command = new Command('status')
    .description('show the status of a job')
    .argument('[job]', 'jobId (default: the newest job)', jobArgument);
  return addTargetOptions(command).action(async (asked: string | undefined, flags: TargetFlags) => {
    const target = await openTarget(flags);
    const jobId =
      asked === undefined
        ? (await listJobs(target, { limit: 1 })).jobs[0]?.jobId
        : await findJob(target, asked);
    if (jobId === undefined) throw new InvalidRequest(`There are no jobs in ${target.name} yet.`);
    const details = await readDetails(target, jobId);
    if (details === undefined) throw await noSuchJob(target, jobId);
    if (flags.json) print(typedLine('job', details.status));
    else for (const line of describeJob(details, target)) print(line);
  });
}

interface ListFlags extends TargetFlags {
  readonly status?: JobState;
  readonly limit: number;
}

/** `nightshift list`. */
export function listCommand(): Command {
  const command = new Command('list')
    .description('list jobs, newest first')
    .addOption(new Option('--status <status>', 'only jobs with this status').choices(JOB_STATES))
    .option('-n, --limit <number>', 'most jobs', positiveNumber, 20);
  return addTargetOptions(command).action(async (flags: ListFlags) => {
    const target = await openTarget(flags);
    const { jobs, unreadable } = await firstJobs(target, flags);
    if (flags.json) for (const job of jobs) print(typedLine('overview', job));
    else if (jobs.length === 0 && unreadable.size === 0)
      print(`There are no${flags.status ? ` ${flags.status}` : ''} jobs in ${target.name}.`);
    else if (jobs.length > 0) print(jobsTable(jobs, process.stdout.columns ?? 100));
    for (const [jobId, problem] of unreadable)
      printError(styleText('yellow', `Job ${printable(jobId)} is not listed: ${printable(problem)}`));
  });
}

interface FirstJobs {
  readonly jobs: readonly JobOverview[];
  /** The errors of jobs that cannot be read, by jobId. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/** Reads further pages, because a page may have fewer jobs than requested although a next page exists. */
async function firstJobs(
  target: Parameters<typeof listJobs>[0],
  { status, limit }: ListFlags,
): Promise<FirstJobs> {
  const jobs: JobOverview[] = [];
  const unreadable = new Map<string, string>();
  let after: string | undefined;
  do {
    const page = await listJobs(target, { status, limit: limit - jobs.length, after });
    jobs.push(...page.jobs);
    for (const { jobId, problem } of page.unreadable) unreadable.set(jobId, problem);
    after = page.next;
  } while (after !== undefined && jobs.length < limit);
  return { jobs, unreadable };
}

/** `nightshift cancel <job>`. */
export function cancelCommand(loadConfig: LoadConfig): Command {
  const command = new Command('cancel')
    .description('cancel a job: send nothing new, and keep the rows that are finished')
    .argument('<job>', 'jobId', jobArgument);
  return addTargetOptions(command).action(async (jobId: string, flags: TargetFlags) => {
    if (flags.data !== undefined) {
      const { cancelHere } = await import('./jobs-here.ts');
      process.exitCode = await cancelHere(jobId, { ...flags, data: flags.data }, await loadConfig());
      return;
    }
    const target = await openStack(flags);
    const cancelled = await cancelJob(startEdges(target, await configOf(target, loadConfig)), jobId);
    if (cancelled === undefined) throw await noSuchJob(target, jobId);
    if (cancelled.state === 'ended') {
      throw new InvalidRequest(`Job ${jobId} has ended: there is nothing to cancel.`);
    }
    if (flags.json) print(typedLine('cancelled', cancelled));
    else
      print(`Job ${jobId} is being cancelled. See how it ends: nightshift watch ${jobId}${target.options}`);
  });
}

/** `nightshift resume <job>`. */
export function resumeCommand(loadConfig: LoadConfig): Command {
  const command = new Command('resume')
    .description('continue a job that failed or was cancelled; nothing is paid twice')
    .argument('<job>', 'jobId', jobArgument);
  return addTargetOptions(command).action(async (jobId: string, flags: TargetFlags) => {
    if (flags.data !== undefined) {
      const { resumeHere } = await import('./jobs-here.ts');
      process.exitCode = await resumeHere(jobId, { ...flags, data: flags.data }, await loadConfig());
      return;
    }
    const target = await openStack(flags);
    const resumed = await resumeJob(startEdges(target, await configOf(target, loadConfig)), jobId);
    if (resumed === undefined) throw await noSuchJob(target, jobId);
    const { state } = resumed;
    if (state === 'finished') {
      throw new InvalidRequest(nothingToResume(jobId, target.options));
    }
    if (state === 'cancelling') {
      throw new InvalidRequest(`Job ${jobId} is being cancelled; resume it when that is done.`);
    }
    if (flags.json) print(typedLine('started', { jobId, state }));
    else {
      const progress = state === 'running' ? 'runs already' : 'continues';
      print(`Job ${jobId} ${progress}. Watch it: nightshift watch ${jobId}${target.options}`);
    }
  });
}
