import { copyFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { styleText } from 'node:util';
import { Command } from 'commander';
import type { NightshiftConfig } from '../../src/config/config.ts';
import type { LoadConfig } from '../config/load-config.ts';
import { summaryObject, type Summary } from '../../src/checkpoints/summary.ts';
import { deadLettersKey, fileKey, reportKey, summaryKey } from '../../src/checkpoints/keys.ts';
import type { Log } from '../../src/log.ts';
import type { StartedJob } from '../../src/doors/start-job.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { packageRoot } from '../../src/package-root.ts';
import { print as printOut, printError } from '../output.ts';
import { InvalidRequest } from '../../src/errors.ts';
import { printable } from '../../src/printable.ts';
import { takeStandardInput } from '../standard-input.ts';
import { chooseProvider } from '../choose-provider.ts';
import { logText, withTime } from '../view/log-text.ts';
import { describeProvider } from '../view/describe-provider.ts';
import { openForRun } from '../open-folder.ts';
import { openPlace } from '../targets/open-target.ts';
import { watch } from './watch.ts';
import { endOrCancel } from '../end-or-cancel.ts';
import { takeInterrupts } from '../interrupts.ts';
import { makeFolder } from '../../host/make-folder.ts';
import { download } from '../result-files.ts';
import { openProgress } from '../run-progress.ts';
import { runJob } from '../../host/run-job.ts';
import { EXIT, exitStatus } from './exit-status.ts';
import { exportTable, formatOfFile, type TableFormat } from './export-table.ts';
import { reportSummary } from '../view/report.ts';
import {
  DATA_FOLDER,
  addConfigOption,
  addTreatmentOptions,
  overridesOf,
  type ConfigFlags,
  type TreatmentFlags,
} from './options.ts';

interface RunFlags extends TreatmentFlags, ConfigFlags {
  readonly data: string;
  readonly out?: string;
  readonly json?: true;
  readonly simulate?: true;
  readonly again?: true;
  readonly bundles?: true;
  readonly verbose?: true;
}

/** Found when it is needed: files of the package are beside its package.json. */
const example = (): string => join(packageRoot(), 'examples', 'hanse.jsonl');

/** `nightshift run [files…]`: one job to its end on this machine. */
export function runCommand(loadConfig: LoadConfig): Command {
  const command = new Command('run')
    .description(
      'run one job on this machine: input files (.jsonl, .json, .csv, .tsv, .txt, each also .gz; .xlsx, .parquet), or a job request (.job.json)',
    )
    .argument(
      '[files...]',
      'input files, - for standard input; without any, the ten prompts of examples/hanse.jsonl',
    )
    .option('--provider <name>', "a provider instead of the profile's, with its key in <NAME>_API_KEY")
    .option(
      '--simulate',
      'make the answers up on this machine: no key, no cost; without files, that is so anyway',
    );
  return addConfigOption(addTreatmentOptions(command))
    .option('--data <folder>', 'the folder that stands in for the bucket', DATA_FOLDER)
    .option(
      '--out <path>',
      'also put the result files into this folder; or a table of the input and its answers: .csv, .xlsx, .parquet or .jsonl',
    )
    .option('--again', 'run anew, and pay anew, although this file has been run before')
    .option('--json', 'print the summary as one JSON object and nothing else')
    .option('--bundles', 'put the Lambdas into cdk.out as they are deployed, and run those')
    .option('--verbose', 'print the log lines of the steps to standard error')
    .addHelpText('after', HELP)
    .action(async (files: string[], flags: RunFlags) => {
      process.exitCode = await run(files, flags, await loadConfig(flags.config));
    });
}

const HELP = `
Exit status: 0 every row is ok, 3 finished with dead letters, 1 the job failed, 2 usage error.
Several files make one job. A job that was interrupted or failed goes on where it stopped when it is run again.`;

async function run(named: readonly string[], flags: RunFlags, config: NightshiftConfig): Promise<number> {
  const interrupts = takeInterrupts();
  const print = printer(flags);
  const isDemo = named.length === 0;
  await using given = await takeStandardInput(isDemo ? [example()] : named, process.stdin, flags.stdin);
  const { profile, limit } = flags;
  const asked = { files: given.files, profile, limit, overrides: overridesOf(flags) };
  const chosen = await chooseProvider(config, asked, flags, isDemo);
  if (flags.bundles) requireNodeOfBundles();
  // Before anything is paid for: a job that ended may not find out that its results have no place.
  const format = flags.out === undefined ? undefined : await formatOfFile(flags.out);
  if (flags.out !== undefined) await makePlace(flags.out, format, asked.files);
  const wanted = { ...asked, overrides: chosen.overrides, again: flags.again === true };
  const log: Log = flags.verbose ? logToStandardError : () => undefined;
  const place = await openForRun({ data: flags.data, simulator: chosen.simulated, log, config }, wanted);
  if (place.kind === 'joined') return await joinRun(place, flags);
  await using host = place.edges;
  const { store } = host.edges;
  const progress = openProgress(store, flags, (line) => print(withTime(line)));
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
      onEvent: progress.onEvent,
      signal: interrupts.first,
    }),
    interrupts,
    () => progress.end(),
  );
  if (summary === undefined) return EXIT.interrupted;
  const placed = await placeFiles(store, summary, format === undefined ? flags.out : undefined);
  if (format !== undefined && flags.out !== undefined && summary.results !== undefined)
    placed.unshift(await exportTable(store, summary, { format, withInput: true, out: flags.out }));
  await reportSummary(store, summary, { files: placed, json: flags.json });
  return exitStatus(summary);
}

/** The Lambdas' Node, for which their bundles are made. */
const BUNDLES_NODE = 24;

/** @throws InvalidRequest on a Node that lacks what the bundles use */
function requireNodeOfBundles(): void {
  const { node } = process.versions;
  if (Number.parseInt(node, 10) < BUNDLES_NODE)
    throw new InvalidRequest(`--bundles needs Node ${BUNDLES_NODE}, as Lambda has it, and this is ${node}.`);
}

/** A table replaces the file of its name, which must not be what the answers are asked for. */
async function makePlace(
  out: string,
  format: TableFormat | undefined,
  files: readonly string[],
): Promise<void> {
  if (format !== undefined && (await isOneOf(out, files)))
    throw new InvalidRequest(
      `--out: ${printable(out)} is an input of the job, and would be replaced by its answers. Name another file.`,
    );
  await makeFolder('--out', format === undefined ? out : dirname(out));
}

/** Whether a path is one of these files, whatever name it is given by. */
async function isOneOf(path: string, files: readonly string[]): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return false;
  const others = await Promise.all(files.map((file) => stat(file).catch(() => undefined)));
  return others.some((other) => other?.ino === found.ino && other.dev === found.dev);
}

/** The job is known where another process works: it is watched there to its end, and not sent a second time. */
async function joinRun(
  { jobId, data }: { readonly jobId: string; readonly data: string },
  { json, out }: RunFlags,
): Promise<number> {
  const place = await openPlace({ stack: undefined, outputs: '', data });
  printError(
    `Another process works with "${printable(data)}" and has job ${printable(jobId)}: it is not sent again, and watched here.`,
  );
  const status = await watch(place, jobId, { ...(json && { json }), interval: 1 });
  const summary = out === undefined ? undefined : await summaryObject.read(place.store, jobId);
  if (summary !== undefined) await placeFiles(place.store, summary, out);
  return status;
}

/** With --json, standard output is for the summary alone. */
function printer({ json }: RunFlags): (line: string) => void {
  return json ? printError : printOut;
}

const logToStandardError: Log = (event, fields) =>
  printError(styleText('dim', logText(event, fields), { stream: process.stderr }));

/** What runs, who answers, and the job. */
function startLines(job: StartedJob, files: readonly string[], provider: string): string[] {
  return [
    styleText('dim', 'The stack is synthesized; its state machine runs here.'),
    provider,
    startLine(job, files),
  ];
}

function startLine({ jobId, state }: StartedJob, files: readonly string[]): string {
  const job = styleText('bold', `job ${printable(jobId)}`);
  if (state === 'finished') return `${job} has run before; this is what it came to (--again runs it anew)`;
  return state === 'resumed'
    ? `${job} goes on where it stopped`
    : `${job} from ${files.map((file) => printable(relative('.', file))).join(', ')}`;
}

/** Where the result files are: in the store, or where --out asks for them. */
async function placeFiles(store: ObjectStore, summary: Summary, out: string | undefined): Promise<string[]> {
  const { tables = [] } = summary;
  const keys = [
    summary.results,
    ...tables,
    summary.deadLetters,
    summary.report,
    summaryKey(summary.jobId),
  ].filter((key) => key !== undefined);
  const sources = keys.map((key) => store.locate(key));
  const answers = await Array.fromAsync(store.list(fileKey(summary.jobId, '')));
  const folders = answers.length === 0 ? [] : ['files'];
  if (out === undefined) {
    const folder = dirname(store.locate(summaryKey(summary.jobId)));
    return [...sources, ...folders.map((name) => join(folder, name))].map((path) => relative('.', path));
  }
  // Those of an earlier run are not this job's; its dead letters would be paid for again when they are run.
  for (const key of [deadLettersKey(summary.jobId), reportKey(summary.jobId)])
    if (!keys.includes(key)) await rm(join(out, basename(key)), { force: true });
  for (const { key } of answers) await download(store, key, { jobId: summary.jobId, folder: out });
  const placed = sources.map(async (source) => {
    const target = join(out, basename(source));
    await copyFile(source, target);
    return target;
  });
  return [...(await Promise.all(placed)), ...folders.map((name) => join(out, name))];
}
