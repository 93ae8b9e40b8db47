import { join, relative } from 'node:path';
import { styleText } from 'node:util';
import { runJob } from '../host/run-job.ts';
import type { NightshiftConfig } from '../src/config/config.ts';
import type { StartedJob } from '../src/job-control/start-job.ts';
import { InvalidRequest } from '../src/errors.ts';
import type { Log } from '../src/log.ts';
import { packageRoot } from '../src/package-root.ts';
import { printable } from '../src/text/printable.ts';
import { checkDisk } from './check-disk.ts';
import { chooseProvider } from './choose-provider.ts';
import { EXIT, exitStatus } from './commands/exit-status.ts';
import type { RunFlags } from './commands/run-flags.ts';
import { endOrCancel } from './end-or-cancel.ts';
import { takeInterrupts } from './interrupts.ts';
import { openForRun } from './open-folder.ts';
import { print as printOut, printError } from './output.ts';
import { overridesOf } from './overrides.ts';
import { openDestination, writeToDestination } from './destination.ts';
import { tellReading } from './reading-progress.ts';
import { openProgress } from './run-progress.ts';
import { takeStandardInput } from './standard-input.ts';
import { describeProvider } from './view/describe-provider.ts';
import { logText, withTime } from './view/log-text.ts';

/** The path of the example. Computed only when needed: files of the package are beside its package.json. */
const example = (): string => join(packageRoot(), 'examples', 'hanse.jsonl');

/**
 * Runs one job to its end.
 * @returns the exit status
 */
export async function runFiles(
  named: readonly string[],
  flags: RunFlags,
  config: NightshiftConfig,
): Promise<number> {
  const interrupts = takeInterrupts();
  const print = printer(flags);
  const isDemo = named.length === 0;
  if (isDemo) requireNoFileOptions(flags);
  await using given = await takeStandardInput(isDemo ? [example()] : named, process.stdin, flags.stdin);
  const { profile, limit } = flags;
  const asked = { files: given.files, profile, limit, overrides: overridesOf(flags) };
  const chosen = await chooseProvider(config, asked, flags, isDemo);
  if (flags.bundles) requireNodeOfBundles();
  const destination = await openDestination(flags.out, asked.files);
  const wanted = { ...asked, overrides: chosen.overrides, again: flags.again === true };
  const log: Log = flags.verbose ? logToStandardError : () => undefined;
  const opened = await openForRun({ data: flags.data, simulator: chosen.simulated, log, config }, wanted);
  if (opened.kind === 'joined') {
    const { joinRun } = await import('./join-run.ts');
    return await joinRun(opened, flags, destination);
  }
  await using host = opened.edges;
  const { store } = host.edges;
  const { data } = opened;
  await warnOfFullDisk({ ...wanted, config, store, data, simulated: chosen.simulated });
  const progress = await openProgress(store, flags, (line) => print(withTime(line)));
  const reading = tellReading(store, (line) => progress.note(line));
  const summary = await endOrCancel(
    runJob({
      ...wanted,
      config,
      edges: host.edges,
      simulated: chosen.simulated || undefined,
      steps: host.steps,
      bundles: flags.bundles && 'cdk.out',
      onStart: (job) => {
        for (const line of startLines(job, asked.files, describeProvider(chosen.name, host.simulatorUrl)))
          print(line);
        if (job.execution !== undefined) progress.begin(job.jobId);
      },
      onEvent: (event) => {
        progress.onEvent(event);
        reading.onEvent(event);
      },
      signal: interrupts.first,
    }),
    interrupts,
    async () => {
      await reading.printed();
      await progress.end();
    },
  );
  if (summary === undefined) return EXIT.interrupted;
  const placed = await writeToDestination(store, summary, { ...destination, data });
  const { reportSummary } = await import('./view/report.ts');
  const hasNotices = !(await reading.printed());
  await reportSummary(store, summary, { files: placed, json: flags.json, hasNotices });
  return exitStatus(summary);
}

/** Options for the rows of a file. They do not apply to the demo, which has its own rows. */
const FILE_OPTIONS = ['prompt', 'id', 'sheet', 'delimiter', 'encoding', 'quotes', 'stdin'] as const;

/**
 * Rejects options that need a file when none is named.
 * @throws InvalidRequest if the file is missing: otherwise the demo would run instead
 */
function requireNoFileOptions(flags: RunFlags): void {
  const given = FILE_OPTIONS.find((name) => flags[name] !== undefined);
  if (given === undefined) return;
  const option = flags[given] === false ? `no-${given}` : given;
  throw new InvalidRequest(
    `--${option} needs a file: nightshift run <file> --${option} …, or - for standard input. Without a file, run shows the ten prompts of examples/hanse.jsonl.`,
  );
}

/**
 * Checks the free space of the data folder's disk, and warns if it may not suffice for the whole job.
 * @throws InvalidRequest if the data folder has too little space for the input
 */
async function warnOfFullDisk(run: Parameters<typeof checkDisk>[0]): Promise<void> {
  const warning = await checkDisk(run);
  if (warning !== undefined) printError(styleText('yellow', warning, { stream: process.stderr }));
}

/** The Node version of the Lambdas, for which their bundles are built. */
const BUNDLES_NODE = 24;

/**
 * Checks the Node version for `--bundles`.
 * @throws InvalidRequest for a Node version that lacks features of the bundles
 */
function requireNodeOfBundles(): void {
  const { node } = process.versions;
  if (Number.parseInt(node, 10) < BUNDLES_NODE)
    throw new InvalidRequest(`--bundles needs Node ${BUNDLES_NODE}, as Lambda has it, and this is ${node}.`);
}

/** Prints lines for people: to standard error with --json, because standard output then has only the summary. */
function printer({ json }: RunFlags): (line: string) => void {
  return json ? printError : printOut;
}

const logToStandardError: Log = (event, fields) =>
  printError(styleText('dim', logText(event, fields), { stream: process.stderr }));

/** The first lines of a run: the files, the provider, the job. */
function startLines(job: StartedJob, files: readonly string[], provider: string): string[] {
  return [
    styleText('dim', 'Running the deployed state machine on this machine.'),
    provider,
    startLine(job, files),
  ];
}

function startLine({ jobId, state }: StartedJob, files: readonly string[]): string {
  const job = styleText('bold', `job ${printable(jobId)}`);
  if (state === 'finished')
    return `${job} has run before; these are its results (--again runs it again, and pays again)`;
  return state === 'resumed'
    ? `${job} continues where it stopped`
    : `${job} from ${files.map((file) => printable(relative('.', file))).join(', ')}`;
}
