import { once } from 'node:events';
import { resolve } from 'node:path';
import { styleText } from 'node:util';
import { Command } from 'commander';
import type { NightshiftConfig } from '../../src/config/config.ts';
import type { LoadConfig } from '../config/load-config.ts';
import type { Log, LogFields } from '../../src/log.ts';
import { cancelToTheEnd, openJobs } from '../../host/cancel-jobs.ts';
import type { EngineEvent } from '../../host/engine-events.ts';
import { createLocalExecutions } from '../../host/engine.ts';
import { takeInterrupts } from '../interrupts.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { stopLocal } from '../stop-local.ts';
import type { LocalStack } from '../../host/load-stack.ts';
import { openLocalEdges, type LocalEdges } from '../../host/open-edges.ts';
import { print, print as printOut, printError, printError as printOutError } from '../output.ts';
import { createProgress, type Where } from '../progress.ts';
import { printable } from '../../src/text/printable.ts';
import { jobObject } from '../../src/checkpoints/job.ts';
import { UnreadableObject } from '../../src/store/json.ts';
import type { StartEdges } from '../../src/job-control/start-job.ts';
import { whyNotThisHost } from '../../src/job-control/host-of-job.ts';
import { logText, withTime } from '../view/log-text.ts';
import { describeProvider } from '../view/describe-provider.ts';
import { EXIT } from './exit-status.ts';
import { portNumber } from './numbers.ts';
import { DATA_FOLDER, addConfigOption, type ConfigFlags } from './options.ts';
import type { RunningHost } from '../../host/local-host.ts';

interface LocalFlags extends ConfigFlags {
  readonly data: string;
  readonly port: number;
  readonly live?: true;
  readonly verbose?: true;
}

/** `nightshift local` runs the whole stack on this machine until it is stopped. */
export function localCommand(loadConfig: LoadConfig): Command {
  const command = new Command('local')
    .description(
      'run the whole stack on this machine until it is stopped: dropped files, the API, the schedules',
    )
    .option('--data <folder>', 'the folder that replaces the bucket', DATA_FOLDER)
    .option('-p, --port <number>', 'port of the API on 127.0.0.1', portNumber, 8080);
  return addConfigOption(command)
    .option('--live', 'use the providers of the profiles, with their keys, instead of the simulator')
    .option('--verbose', 'print the log lines of the steps to standard error')
    .addHelpText('after', HELP)
    .action(async (flags: LocalFlags) => {
      process.exitCode = await runLocal(flags, await loadConfig(flags.config));
    });
}

const HELP = `
A file copied to <data>/input/<profile>/ starts a job. After Ctrl-C, the next start continues unfinished jobs.`;

async function runLocal(flags: LocalFlags, config: NightshiftConfig): Promise<number> {
  const simulated = flags.live ? undefined : true;
  await using local = await openLocalEdges({
    data: flags.data,
    simulator: simulated === true,
    log: flags.verbose ? logLine : tellJobs,
    config,
  });
  const { loadStack } = await import('../../host/load-stack.ts');
  const { runLocalHost } = await import('../../host/local-host.ts');
  const interrupts = takeInterrupts();
  const stack = await loadStack(config);
  const host = await runLocalHost({
    config,
    edges: local.edges,
    simulated,
    steps: local.steps,
    stack,
    folder: resolve(flags.data),
    port: flags.port,
    onEvent: printProgress({
      options: ` --data ${printable(flags.data)}`,
      locate: (key) => local.edges.store.locate(key),
    }),
    onFailure: (_event, error) => {
      const { message } = error instanceof Error ? error : new Error(String(error));
      printError(styleText('red', `An event started no job: ${printable(message)}`));
    },
  });
  await local.announce(host.url);
  welcome(flags, host, local.simulatorUrl);
  if (!interrupts.first.aborted) await once(interrupts.first, 'abort');
  const hostConfig: HostConfig = { config, simulated };
  const isCancelled = await stopLocal({
    store: local.edges.store,
    openJobs: () => jobsOfHost(local.edges.store, hostConfig),
    stop: () => host[Symbol.asyncDispose](),
    interrupts,
  });
  if (isCancelled) await cancelAll(hostConfig, local, stack);
  return EXIT.ok;
}

type HostConfig = Pick<StartEdges, 'config' | 'simulated'>;

/** Cancels every job that has not ended, and waits until their batches have ended. */
async function cancelAll(
  hostConfig: HostConfig,
  { edges, steps }: LocalEdges,
  { machine }: LocalStack,
): Promise<void> {
  const executions = createLocalExecutions({ ...machine, callStep: steps.call });
  for (const jobId of await jobsOfHost(edges.store, hostConfig))
    await cancelToTheEnd({ ...edges, ...hostConfig, executions }, jobId);
}

/** Jobs that have not ended and that this host may run. */
async function jobsOfHost(store: ObjectStore, hostConfig: HostConfig): Promise<string[]> {
  const jobs: string[] = [];
  for await (const jobId of openJobs(store)) {
    // A job whose record cannot be read may belong to another host.
    const job = await jobObject.read(store, jobId).catch(unlessUnreadable);
    if (job !== undefined && whyNotThisHost(hostConfig, job) === undefined) jobs.push(jobId);
  }
  return jobs;
}

function unlessUnreadable(error: unknown): undefined {
  if (!(error instanceof UnreadableObject)) throw error;
}

function welcome({ data }: LocalFlags, host: RunningHost, simulatorUrl: string | undefined): void {
  print(`Drop files into ${printable(data)}/input/<profile>/, or send requests to ${host.url}/jobs.`);
  print(`Look at the jobs on ${host.url}/`);
  for (const { name, time } of host.timetable.next()) {
    print(`Schedule ${name} fires next at ${new Date(time).toISOString()}.`);
  }
  print(describeProvider(undefined, simulatorUrl));
  if (simulatorUrl !== undefined)
    print(styleText('dim', '--live uses the providers of the profiles instead.'));
  print(styleText('dim', 'Ctrl-C stops.'));
}

const logLine: Log = (event, fields) => printError(styleText('dim', logText(event, fields)));

/** Prints which jobs were started or cancelled, and why. */
const tellJobs: Log = (event, fields) => {
  const print = (line: string): void => printOut(withTime(line));
  const printError = (line: string): void => printOutError(withTime(line));
  const { jobId, reason } = fields;
  if (event === 'schedule_missed') print(describeMissed(fields));
  const job = styleText('bold', `job ${printable(String(jobId))}`);
  if (event === 'job_started') print(`${job} started`);
  if (event === 'job_resumed') print(`${job} continues`);
  if (event === 'job_waits') print(`${job} waits: ${printable(String(reason))}`);
  if (event === 'input_changed') print(styleText('yellow', describeChanged(fields)));
  if (event === 'job_empty') print(`${job} has nothing to do`);
  if (event === 'job_cancelled') print(`${job} is being cancelled`);
  // The state machine reports a failed step with its attempt, so it is not printed here.
  if (event === 'step_failed' && jobId === undefined) printError(styleText('red', printable(String(reason))));
  if (event === 'job_refused') print(styleText('red', `${job} was refused: ${printable(String(reason))}`));
};

/**
 * Describes the change of an input since an earlier job began with it.
 * @param fields the fields of `input_changed`
 */
function describeChanged({ key, before, jobId, bytes, bytesBefore }: LogFields): string {
  const how = Number(bytes) > Number(bytesBefore) ? 'has grown' : 'has changed';
  return printable(
    `${String(key)} ${how} since job ${String(before)} began with it (${String(bytesBefore)} bytes then, ${String(bytes)} now). Job ${String(jobId)} sends the whole file: unchanged rows are paid for again.`,
  );
}

/**
 * Describes the times of a schedule that passed while no host was running.
 * @param fields the fields of `schedule_missed`
 */
function describeMissed({ schedule, times, more, run }: LogFields): string {
  const missed = `Schedule ${schedule} did not fire while no host was running: ${times}${more === true ? ', and later' : ''}.`;
  if (run === true) return `${missed} These times run now.`;
  return `${missed} They are skipped: run their files by hand. With missed: 'run' in its configuration, such times run at the start.`;
}

/** Prints the steps of every job. Each line begins with the jobId. */
function printProgress(where: Where): (event: EngineEvent) => void {
  /** Errors of steps by execution, until a state catches them. */
  const uncaught = new Map<string, string>();
  return (event) => {
    const { type, execution, state, error } = event;
    const printLine = (line: string): void => print(withTime(`${styleText('dim', execution)}  ${line}`));
    // The summary of a failed job has the reason and the advice.
    createProgress(printLine, { ...where, hasSummary: true })(event);
    if (type === 'StateFailed' && error !== undefined) uncaught.set(execution, `${state}: ${error}`);
    if (type === 'StateCaught' || type === 'StateExited') uncaught.delete(execution);
    const reason = type === 'ExecutionFailed' ? uncaught.get(execution) : undefined;
    if (reason !== undefined) printError(withTime(styleText('red', `${execution}  ${printable(reason)}`)));
    const { summary } = (event.output ?? {}) as { summary?: string };
    if (type === 'StateExited' && state === 'Write results' && summary !== undefined)
      printLine(printable(where.locate(summary)));
  };
}
