import { Command } from 'commander';
import type { NightshiftConfig } from '../../src/config/config.ts';
import { SIMULATOR } from '../../src/config/known-providers.ts';
import { retryJob, type RetryTreatment } from '../../src/doors/retry-job.ts';
import type { StartEdges, StartedJob } from '../../src/doors/start-job.ts';
import { jobObject } from '../../src/checkpoints/job.ts';
import { summaryObject } from '../../src/checkpoints/summary.ts';
import { InvalidRequest } from '../../src/errors.ts';
import { openLocalEdges } from '../../host/open-edges.ts';
import { runStarted } from '../../host/run-job.ts';
import type { LoadConfig } from '../config/load-config.ts';
import { endOrCancel } from '../end-or-cancel.ts';
import { takeInterrupts } from '../interrupts.ts';
import { jsonLine } from '../json-lines.ts';
import { print, printError } from '../output.ts';
import { openDestination, placeAnswers } from '../place-answers.ts';
import { openProgress } from '../run-progress.ts';
import { noSuchJob } from '../targets/find-job.ts';
import { configOf, openTarget, openStack, startEdges, type Target } from '../targets/open-target.ts';
import { reportFailure, reportSummary } from '../view/report.ts';
import { EXIT, exitStatus } from './exit-status.ts';
import { wholeNumber } from './numbers.ts';
import { overridesOf } from '../overrides.ts';
import { addTargetOptions, type TreatmentFlags } from './options.ts';
import { addIntervalOption, watch, WATCH_HELP, type WatchFlags } from './watch.ts';

interface RetryFlags extends WatchFlags, Pick<TreatmentFlags, 'profile' | 'provider' | 'model' | 'rounds'> {
  readonly wait?: true;
  readonly out?: string;
}

/** `nightshift retry <job>`. */
export function retryCommand(loadConfig: LoadConfig): Command {
  const command = new Command('retry')
    .description('send the rows of a job again that are not ok, and merge their results')
    .argument('<job>', 'jobId')
    .option(
      '--profile <name>',
      "another profile (default: the job's, with its current settings in nightshift.config.ts)",
    )
    .option('--provider <name>', "another provider than the profile's")
    .option('--model <name>', 'the model of rows that name none')
    .option('--rounds <number>', 'most rounds a row may take part in', wholeNumber)
    .option('--out <path>', 'with --data: put the merged results there, as run does')
    .option('--wait', 'on a stack: watch the retry to its end');
  return addTargetOptions(addIntervalOption(command))
    .addHelpText(
      'after',
      `\nRows that are ok are not sent again. A retry is a job of its own, <job>-retry-1. With --data it runs on this machine.${WATCH_HELP}`,
    )
    .action(async (jobId: string, flags: RetryFlags) => {
      const treatment = { profile: flags.profile, overrides: overridesOf(flags) };
      if (flags.data === undefined && flags.out !== undefined)
        throw new InvalidRequest(
          `--out needs --data <folder>. On a stack, get the merged results when the retry has ended: nightshift results ${jobId} --out <path>`,
        );
      if (flags.data === undefined) await retryOnStack(jobId, treatment, flags, loadConfig);
      else await retryHere(jobId, treatment, { ...flags, data: flags.data }, await loadConfig());
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
  if (flags.json) print(jsonLine('started', { jobId: retry.jobId, state: retry.state }));
  else print(`${describe(retry, jobId)} Watch it: nightshift watch ${retry.jobId}${target.options}`);
  if (flags.wait) process.exitCode = await watch(target, retry.jobId, flags);
}

async function startRetry(
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

function describe({ jobId, state }: StartedJob, first: string): string {
  return `Retry ${jobId} of job ${first} ${TOLD[state]}.`;
}

/** Runs the retry in this process, as `run` does, and shows the merged result of the job. */
async function retryHere(
  jobId: string,
  treatment: RetryTreatment,
  flags: RetryFlags & { readonly data: string },
  config: NightshiftConfig,
): Promise<void> {
  const target = await openTarget(flags);
  const destination = await openDestination(flags.out, []);
  const simulator = await asksSimulator(target, jobId, treatment);
  await using host = await openLocalEdges({ data: flags.data, simulator, log: () => undefined, config });
  const tell = flags.json ? printError : print;
  const { store } = host.edges;
  const progress = await openProgress(store, flags, tell);
  const interrupts = takeInterrupts();
  const running = runStarted(
    {
      config,
      edges: host.edges,
      simulated: simulator || undefined,
      steps: host.steps,
      onStart: (started) => {
        tell(describe(started, jobId));
        if (started.execution !== undefined) progress.begin(started.jobId);
      },
      onEvent: progress.onEvent,
      signal: interrupts.first,
    },
    (edges) => startRetry(edges, target, jobId, treatment),
  );
  const ended = await endOrCancel(running, interrupts, () => progress.end());
  if (ended === undefined) {
    process.exitCode = EXIT.interrupted;
    return;
  }
  const summary = await summaryObject.require(store, jobId);
  const files = await placeAnswers(store, summary, { ...destination, data: flags.data });
  await reportSummary(store, summary, { files, json: flags.json });
  reportFailure('The retry', ended);
  process.exitCode = exitStatus(ended.failure === undefined ? summary : ended);
}

/** Whether the retry needs a simulator of its own: the job had one, whatever profile is asked for. */
async function asksSimulator(
  { store }: Target,
  jobId: string,
  { overrides }: RetryTreatment,
): Promise<boolean> {
  if (overrides?.provider !== undefined) return overrides.provider === SIMULATOR;
  const job = await jobObject.read(store, jobId);
  return job?.simulated === true || job?.profile.provider.name === SIMULATOR;
}
