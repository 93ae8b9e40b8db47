import { once } from 'node:events';
import { resolve } from 'node:path';
import { styleText } from 'node:util';
import { Command } from 'commander';
import type { NightshiftConfig } from '../../src/config/config.ts';
import type { LoadConfig } from '../config/load-config.ts';
import type { Log, LogFields } from '../../src/log.ts';
import { cancelToTheEnd, openJobs } from '../../host/cancel-jobs.ts';
import { createLocalExecutions, type EngineEvent } from '../../host/engine.ts';
import { SECOND_INTERRUPT_MS, takeInterrupts } from '../interrupts.ts';
import type { LocalStack } from '../../host/load-stack.ts';
import { openLocalEdges, type LocalEdges } from '../../host/open-edges.ts';
import { print, printError } from '../output.ts';
import { createProgress } from '../progress.ts';
import { printable, printableJson } from '../../src/printable.ts';
import { EXIT } from './exit-status.ts';
import { portNumber } from './numbers.ts';
import { addConfigOption, type ConfigFlags } from './options.ts';
import type { RunningHost } from '../../host/local-host.ts';

interface LocalFlags extends ConfigFlags {
  readonly data: string;
  readonly port: number;
  readonly live?: true;
  readonly verbose?: true;
}

/** `nightshift local`: the whole stack on this machine, until it is stopped. */
export function localCommand(loadConfig: LoadConfig): Command {
  const command = new Command('local')
    .description(
      'run the whole stack on this machine until it is stopped: dropped files, the API, the schedules',
    )
    .option('--data <folder>', 'the folder that stands in for the bucket', 'nightshift-data')
    .option('-p, --port <number>', 'port of the API on 127.0.0.1', portNumber, 8080);
  return addConfigOption(command)
    .option('--live', 'ask the providers that the profiles name, with their keys, instead of the simulator')
    .option('--verbose', 'print the log lines of the steps to standard error')
    .addHelpText('after', HELP)
    .action(async (flags: LocalFlags) => {
      process.exitCode = await runLocal(flags, await loadConfig(flags.config));
    });
}

const HELP = `
A file copied to <data>/input/<profile>/ starts a job. Ctrl-C stops; the next start goes on with what was running.`;

async function runLocal(flags: LocalFlags, given: NightshiftConfig): Promise<number> {
  const config = flags.live ? given : askingSimulator(given);
  await using local = await openLocalEdges({
    data: flags.data,
    simulator: !flags.live,
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
    steps: local.steps,
    stack,
    folder: resolve(flags.data),
    port: flags.port,
    onEvent: tellProgress((key) => local.edges.store.locate(key)),
    onFailure: (_event, error) => {
      const { message } = error instanceof Error ? error : new Error(String(error));
      printError(styleText('red', `An event started nothing: ${printable(message)}`));
    },
  });
  welcome(flags, host, local.simulatorUrl);
  if (!interrupts.first.aborted) await once(interrupts.first, 'abort');
  print('Stopping. What was sent goes on at the provider; the next start goes on here.');
  print('Ctrl-C again cancels it at the provider.');
  await host[Symbol.asyncDispose]();
  if (await interrupts.second(SECOND_INTERRUPT_MS)) await cancelAll(config, local, stack);
  return EXIT.ok;
}

/** Cancels every job that has not ended, and waits for what they leave. */
async function cancelAll(
  config: NightshiftConfig,
  { edges, steps }: LocalEdges,
  { machine }: LocalStack,
): Promise<void> {
  const executions = createLocalExecutions({ ...machine, callStep: steps.call });
  for await (const jobId of openJobs(edges.store)) {
    await cancelToTheEnd({ ...edges, config, executions }, jobId);
  }
}

/** The same profiles, answered here and for free. */
function askingSimulator(config: NightshiftConfig): NightshiftConfig {
  const profiles = Object.entries(config.profiles).map(([name, profile]) => [
    name,
    { ...profile, provider: 'simulator' },
  ]);
  return { ...config, profiles: Object.fromEntries(profiles) as NightshiftConfig['profiles'] };
}

function welcome({ data }: LocalFlags, host: RunningHost, simulatorUrl: string | undefined): void {
  print(`Drop files into ${printable(data)}/input/<profile>/, or send requests to ${host.url}/jobs.`);
  print(`Look at the jobs on ${host.url}/`);
  for (const { name, time } of host.timetable.next()) {
    print(`Schedule ${name} fires next at ${new Date(time).toISOString()}.`);
  }
  if (simulatorUrl !== undefined) print(styleText('dim', `Provider: a simulator on ${simulatorUrl}`));
  print(styleText('dim', 'Ctrl-C stops.'));
}

const logLine: Log = (event, fields) =>
  printError(styleText('dim', printableJson(JSON.stringify({ event, ...fields }))));

/** What the doors did. */
const tellJobs: Log = (event, fields) => {
  const { jobId, reason } = fields;
  if (event === 'schedule_missed') print(describeMissed(fields));
  const job = styleText('bold', `job ${printable(String(jobId))}`);
  if (event === 'job_started') print(`${job} started`);
  if (event === 'job_resumed') print(`${job} goes on`);
  if (event === 'job_empty') print(`${job} has nothing to do`);
  if (event === 'job_cancelled') print(`${job} is being cancelled`);
  if (event === 'step_failed') {
    const told = jobId === undefined ? String(reason) : `${String(jobId)}: ${String(reason)}`;
    printError(styleText('red', printable(told)));
  }
  if (event === 'job_refused') print(styleText('red', `${job} was refused: ${printable(String(reason))}`));
};

/** @param fields of `schedule_missed` */
function describeMissed({ schedule, times, more, run }: LogFields): string {
  const missed = `Schedule ${schedule} did not fire while nothing ran here: ${times}${more === true ? ', and later' : ''}.`;
  if (run === true) return `${missed} These times run now.`;
  return `${missed} They are skipped: run their files by hand. With missed: 'run' in its configuration, such times run at the start.`;
}

/** The steps of every job, each line with its job in front. */
function tellProgress(locate: (key: string) => string): (event: EngineEvent) => void {
  return (event) => {
    createProgress((line) => print(`${styleText('dim', event.execution)}  ${line}`))(event);
    const { summary } = (event.output ?? {}) as { summary?: string };
    if (event.type === 'StateExited' && event.state === 'Write results' && summary !== undefined)
      print(`${styleText('dim', event.execution)}  ${printable(locate(summary))}`);
  };
}
