import type { NightshiftConfig } from '../../src/config/config.ts';
import { SIMULATOR } from '../../src/config/known-providers.ts';
import type { RetryTreatment } from '../../src/job-control/retry-job.ts';
import { jobObject } from '../../src/checkpoints/job.ts';
import { summaryObject, type Summary } from '../../src/checkpoints/summary.ts';
import { openLocalEdges } from '../../host/open-edges.ts';
import { runStarted } from '../../host/run-job.ts';
import { endOrCancel } from '../end-or-cancel.ts';
import { takeInterrupts } from '../interrupts.ts';
import { print, printError } from '../output.ts';
import { openDestination, writeToDestination } from '../destination.ts';
import { openProgress } from '../run-progress.ts';
import { openTarget, type Target } from '../targets/open-target.ts';
import { reportFailure, reportSummary } from '../view/report.ts';
import { createPlainView, openView } from '../view/view.ts';
import { watchJob } from '../watch-job.ts';
import { EXIT, exitStatus } from './exit-status.ts';
import { askHolder } from './jobs-here.ts';
import { describeRetry, startRetry, type RetryFlags } from './retry.ts';

type FolderRetryFlags = RetryFlags & { readonly data: string };

/**
 * Retries a job of a data folder to its end, in the process that uses the folder or in this one, and shows the merged result of
 * the job.
 * @returns the exit status
 */
export async function retryInFolder(
  jobId: string,
  treatment: RetryTreatment,
  flags: FolderRetryFlags,
  config: NightshiftConfig,
): Promise<number> {
  const target = await openTarget(flags);
  const destination = await openDestination(flags.out, []);
  const retryId = await startAtHolder(jobId, treatment, flags);
  const ended =
    retryId === undefined
      ? await runRetry(target, jobId, { treatment, flags, config })
      : await watchRetry(target, retryId, flags);
  if (ended === undefined) return EXIT.interrupted;
  const { store } = target;
  const summary = await summaryObject.require(store, jobId);
  const files = await writeToDestination(store, summary, { ...destination, data: flags.data });
  await reportSummary(store, summary, { files, json: flags.json });
  reportFailure('The retry', ended);
  return exitStatus(ended.failure === undefined ? summary : ended);
}

/**
 * Asks the process that uses the data folder to start the retry.
 * @returns the retry that was started by the process that uses the folder; undefined if no process uses it
 */
async function startAtHolder(
  jobId: string,
  treatment: RetryTreatment,
  { data, json }: FolderRetryFlags,
): Promise<string | undefined> {
  const { profile, overrides = {} } = treatment;
  const hasOverrides = Object.keys(overrides).length > 0;
  const body = JSON.stringify({ profile, ...(hasOverrides && { overrides }) });
  const retry = await askHolder(data, jobId, 'retry', body);
  if (retry === undefined) return undefined;
  (json ? printError : print)(
    `Another process works with "${data}": it runs the retry ${retry.jobId} of job ${jobId}, which is watched here.`,
  );
  return retry.jobId;
}

/**
 * Watches a retry that another process runs.
 * @returns undefined if Ctrl-C stopped watching
 */
async function watchRetry(
  target: Target,
  retryId: string,
  { json, interval }: FolderRetryFlags,
): Promise<Summary | undefined> {
  const { first: signal } = takeInterrupts();
  // With --json, only the summary goes to standard output.
  const view = json === true ? createPlainView(printError, target.options) : openView({}, target.options);
  const watched = await watchJob({ target, jobId: retryId, view, intervalSeconds: interval, signal });
  if (watched.end === 'ended') return watched.summary;
  printError(`The retry has not ended. Watch it again: nightshift watch ${retryId}${target.options}`);
  return undefined;
}

interface RunRetry {
  readonly treatment: RetryTreatment;
  readonly flags: FolderRetryFlags;
  readonly config: NightshiftConfig;
}

/**
 * Runs the retry in this process, as `run` does.
 * @returns undefined when it was interrupted
 */
async function runRetry(
  target: Target,
  jobId: string,
  { treatment, flags, config }: RunRetry,
): Promise<Summary | undefined> {
  const simulator = await asksSimulator(target, jobId, treatment);
  await using host = await openLocalEdges({ data: flags.data, simulator, log: () => undefined, config });
  const printLine = flags.json ? printError : print;
  const progress = await openProgress(host.edges.store, flags, printLine);
  const interrupts = takeInterrupts();
  const running = runStarted(
    {
      config,
      edges: host.edges,
      simulated: simulator || undefined,
      steps: host.steps,
      onStart: (started) => {
        printLine(describeRetry(started, jobId));
        if (started.execution !== undefined) progress.begin(started.jobId);
      },
      onEvent: progress.onEvent,
      signal: interrupts.first,
    },
    (edges) => startRetry(edges, target, jobId, treatment),
  );
  // Awaited here, because the host is closed when this function returns.
  return await endOrCancel(running, interrupts, () => progress.end());
}

/**
 * True if the retry needs a simulator. A provider in the overrides decides; without one, the retry is simulated if the job was.
 */
async function asksSimulator(
  { store }: Target,
  jobId: string,
  { overrides }: RetryTreatment,
): Promise<boolean> {
  if (overrides?.provider !== undefined) return overrides.provider === SIMULATOR;
  const job = await jobObject.read(store, jobId);
  return job?.simulated === true || job?.profile.provider.name === SIMULATOR;
}
