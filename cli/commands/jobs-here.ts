import { resolve } from 'node:path';
import type { NightshiftConfig } from '../../src/config/config.ts';
import { jobObject, type Job } from '../../src/checkpoints/job.ts';
import { summaryObject, type Summary } from '../../src/checkpoints/summary.ts';
import { mayHaveOpenBatches } from '../../src/job-control/cancel-job.ts';
import { InvalidRequest } from '../../src/errors.ts';
import { holderOf } from '../../host/lock.ts';
import { openLocalEdges } from '../../host/open-edges.ts';
import { cancelRun, resumeRun, type RunHost } from '../../host/run-job.ts';
import { providersOf } from '../../src/ladder/step-of-round.ts';
import { rejectWithoutSecrets } from '../choose-provider.ts';
import { endOrCancel } from '../end-or-cancel.ts';
import { takeInterrupts } from '../interrupts.ts';
import { typedLine } from '../json-lines.ts';
import { print, printError } from '../output.ts';
import { resultFiles } from '../output-files.ts';
import { openProgress } from '../run-progress.ts';
import { noSuchJob } from '../targets/find-job.ts';
import { openTarget, type Target } from '../targets/open-target.ts';
import { reportSummary } from '../view/report.ts';
import { nothingToResume } from '../view/nothing-to-resume.ts';
import { EXIT, exitStatus } from './exit-status.ts';

/** A data folder on this machine. */
export interface FolderFlags {
  readonly data: string;
  readonly json?: true;
}

/**
 * Cancels a job of a data folder: through the process that runs it, or in this process if there is none.
 * @returns the exit status
 */
export async function cancelHere(
  jobId: string,
  flags: FolderFlags,
  config: NightshiftConfig,
): Promise<number> {
  const ended = { describe: nothingToCancel, mayAct: mayHaveOpenBatches };
  const target = await openJobHere(jobId, flags, ended);
  if (await askHolder(flags.data, jobId, 'cancel')) {
    if (flags.json) print(typedLine('cancelled', { jobId, state: 'cancelling' }));
    else
      print(`Job ${jobId} is being cancelled. See how it ends: nightshift watch ${jobId}${target.options}`);
    return EXIT.ok;
  }
  const cancelled = await runHere(jobId, flags, config, (host) => cancelRun(host, jobId));
  if (flags.json) print(typedLine('cancelled', { jobId, state: 'cancelling' }));
  else if (cancelled !== undefined) await showSummary(target, cancelled);
  return EXIT.ok;
}

const nothingToCancel = (jobId: string): string => `Job ${jobId} has ended: there is nothing to cancel.`;

/** The ended jobs that a command accepts, and its error for the others. */
interface EndedJobs {
  readonly mayAct: (summary: Summary) => boolean;
  readonly describe: (jobId: string, options: string) => string;
}

/**
 * Opens the data folder of a job on which a command acts.
 * @throws InvalidRequest when the folder does not have the job, or the command does not act on it because it has ended
 */
async function openJobHere(
  jobId: string,
  { data }: FolderFlags,
  { describe, mayAct }: EndedJobs,
): Promise<Target> {
  const target = await openTarget({ ...WHERE, data });
  await requireJob(target, jobId);
  const summary = await summaryObject.read(target.store, jobId);
  if (summary !== undefined && !mayAct(summary)) throw new InvalidRequest(describe(jobId, target.options));
  return target;
}

/**
 * Resumes a job of a data folder: in the process that works with the folder, or in this process to its end.
 * @returns the exit status
 */
export async function resumeHere(
  jobId: string,
  flags: FolderFlags,
  config: NightshiftConfig,
): Promise<number> {
  const target = await openJobHere(jobId, flags, { describe: nothingToResume, mayAct: mayGoOn });
  if (await askHolder(flags.data, jobId, 'resume')) {
    if (flags.json) print(typedLine('started', { jobId, state: 'resumed' }));
    else print(`Job ${jobId} continues. Watch it: nightshift watch ${jobId}${target.options}`);
    return EXIT.ok;
  }
  const summary = await runHere(jobId, flags, config, (host) => resumeRun(host, jobId));
  if (summary === undefined) return EXIT.interrupted;
  if (flags.json) print(typedLine('summary', summary));
  else await showSummary(target, summary);
  return exitStatus(summary);
}

export const WHERE = { stack: undefined, outputs: '' };

/** True for a failed or cancelled job, which can be resumed. */
function mayGoOn({ status }: Summary): boolean {
  return status === 'failed' || status === 'cancelled';
}

export async function requireJob(target: Target, jobId: string): Promise<Job> {
  const job = await jobObject.read(target.store, jobId);
  if (job !== undefined) return job;
  throw (await summaryObject.read(target.store, jobId)) === undefined
    ? await noSuchJob(target, jobId)
    : new InvalidRequest(`Job ${jobId} has ended: its checkpoints are gone, or it was refused.`);
}

/**
 * Sends a request to the process that works with the folder, if there is one.
 * @param body JSON
 * @returns the job that the process starts or changes; undefined if no process uses the folder
 * @throws InvalidRequest when the process rejects it, or accepts no requests because it is a `run`
 */
export async function askHolder(
  data: string,
  jobId: string,
  what: 'cancel' | 'resume' | 'approve' | 'reject' | 'retry',
  body?: string,
): Promise<{ readonly jobId: string } | undefined> {
  const holder = await holderOf(resolve(data));
  if (holder === undefined) return undefined;
  if (holder.url === undefined)
    throw new InvalidRequest(
      `"${data}" is in use by process ${holder.pid ?? 'of another program'}, which runs one job: press Ctrl-C there, twice to cancel its job, and then ${what} here.`,
    );
  const response = await fetch(`${holder.url}/jobs/${encodeURIComponent(jobId)}/${what}`, {
    method: 'POST',
    ...(body !== undefined && { body, headers: { 'content-type': 'application/json' } }),
  });
  if (response.ok) return (await response.json()) as { readonly jobId: string };
  const { detail } = (await response.json().catch(() => ({}))) as { readonly detail?: string };
  throw new InvalidRequest(detail ?? `The process that works with "${data}" answered ${response.status}.`);
}

/** Starts a host for the job, with the provider that the job began with. */
export async function runHere(
  jobId: string,
  { data, json }: FolderFlags,
  config: NightshiftConfig,
  act: (host: RunHost) => Promise<Summary | undefined>,
): Promise<Summary | undefined> {
  const interrupts = takeInterrupts();
  const target = await openTarget({ ...WHERE, data });
  const job = await requireJob(target, jobId);
  const simulated = job.simulated === true;
  if (!simulated) for (const name of providersOf(job.profile)) await rejectWithoutSecrets(config, name);
  await using local = await openLocalEdges({ data, simulator: simulated, log: () => undefined, config });
  const progress = await openProgress(target.store, { json, data }, json === true ? printError : print);
  const host: RunHost = {
    config,
    edges: local.edges,
    steps: local.steps,
    simulated: simulated || undefined,
    onStart: (started) => {
      if (started.execution !== undefined) progress.begin(started.jobId);
    },
    onEvent: progress.onEvent,
    signal: interrupts.first,
  };
  const ended = act(host).then((summary) => {
    if (summary === undefined) throw new InvalidRequest(`There is no job ${jobId}.`);
    return summary;
  });
  // Awaited here, because the host is closed when this function returns.
  return await endOrCancel(ended, interrupts, () => progress.end());
}

export async function showSummary(target: Target, summary: Summary): Promise<void> {
  await reportSummary(target.store, summary, { files: await resultFiles(target.store, summary) });
}
