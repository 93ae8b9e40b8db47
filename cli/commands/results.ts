import { rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Command, Option } from 'commander';
import { InvalidRequest } from '../../src/errors.ts';
import { summaryObject, type Summary } from '../../src/checkpoints/summary.ts';
import { deadLettersKey } from '../../src/checkpoints/keys.ts';
import { readOverview } from '../../src/status/job-status.ts';
import { typedLine } from '../json-lines.ts';
import { print, printError, printableChunks, printStream } from '../output.ts';
import { printable } from '../../src/text/printable.ts';
import { makeFolder } from '../../host/make-folder.ts';
import { writeParquet } from '../parquet.ts';
import { resultFiles } from '../output-files.ts';
import { findJob, noSuchJob } from '../targets/find-job.ts';
import { openTarget, type Target } from '../targets/open-target.ts';
import { download, filesOf, read, resultsOf } from '../result-files.ts';
import { reportSummary } from '../view/report.ts';
import { jobArgument } from './job-argument.ts';
import { addTargetOptions, type TargetFlags } from './options.ts';
import { formatOfFile, TABLE_FORMATS, type TableFormat } from '../table-format.ts';
import { delimiterOf, exportTable, printTable } from './export-table.ts';

interface ResultsFlags extends TargetFlags {
  readonly out?: string;
  readonly parquet?: true;
  readonly format?: TableFormat;
  readonly withInput?: true;
  readonly raw?: true;
  readonly delimiter?: string;
}

/** `nightshift results <job>`. */
export function resultsCommand(): Command {
  const command = new Command('results')
    .description('show the first answers and the files of a job, or copy the files')
    .argument('<job>', 'jobId', jobArgument)
    .option(
      '--out <path>',
      'copy the files into this folder; or write the results to this .csv, .xlsx, .parquet or .jsonl file',
    )
    .option('--parquet', 'with --out: also write results.parquet, with a row per line of results.jsonl')
    .addOption(
      new Option('--format <format>', 'write the results as a table to --out or standard output').choices(
        TABLE_FORMATS,
      ),
    )
    .option('--with-input', "with a table: begin with the input's columns, then ok, the answer and the error")
    .option(
      '--delimiter <character>',
      "with --format csv: the delimiter, one of , ; | or tab (default: the input's with --with-input, else ,)",
    )
    .option('--raw', 'with --format csv: do not change cells that a spreadsheet would calculate');
  return addTargetOptions(command)
    .addHelpText(
      'after',
      '\nWith --json and without --out, prints results.jsonl, one line per row. Control characters are escaped.',
    )
    .action(async (asked: string, flags: ResultsFlags) => {
      const format =
        flags.format ??
        (flags.out === undefined || flags.parquet ? undefined : await formatOfFile(flags.out));
      checkFlags(flags, format);
      const target = await openTarget(flags);
      const jobId = await findJob(target, asked);
      const summary = await endedSummary(target, jobId);
      if (format !== undefined) await giveTable(target, summary, format, flags);
      else if (flags.out !== undefined) await copyFiles(target, summary, { ...flags, out: flags.out });
      else if (flags.json) await printResults(target, summary);
      else await reportSummary(target.store, summary, { files: await resultFiles(target.store, summary) });
    });
}

/**
 * Checks that the options fit together.
 * @throws InvalidRequest for options that exclude each other
 */
function checkFlags(
  { out, json, parquet, raw, withInput, delimiter }: ResultsFlags,
  format: TableFormat | undefined,
): void {
  if (parquet === true && format !== undefined)
    throw new InvalidRequest('--parquet and --format cannot be combined: use one of them.');
  if (parquet === true && out === undefined)
    throw new InvalidRequest('--parquet needs --out <folder>, the folder for results.parquet.');
  if (raw === true && format !== 'csv') throw new InvalidRequest('--raw needs --format csv.');
  if (delimiter !== undefined && format !== 'csv')
    throw new InvalidRequest('--delimiter needs --format csv.');
  delimiterOf(delimiter);
  if (withInput === true && format === undefined)
    throw new InvalidRequest(`--with-input needs --format ${TABLE_FORMATS.join('|')}, or --out <file>.`);
  if (format === undefined || out !== undefined) return;
  if (json === true)
    throw new InvalidRequest(`--json with --format ${format} needs --out <file>: a table is not JSON.`);
  if (process.stdout.isTTY && (format === 'xlsx' || format === 'parquet'))
    throw new InvalidRequest(`--format ${format} needs --out <file>: a terminal cannot show it.`);
}

/**
 * Reads the summary of a job that has ended.
 * @throws InvalidRequest when the job does not exist, or has not ended
 */
async function endedSummary(target: Target, jobId: string): Promise<Summary> {
  const overview = await readOverview(target, jobId);
  if (overview === undefined) throw await noSuchJob(target, jobId);
  const summary = overview.endedAt === undefined ? undefined : await summaryObject.read(target.store, jobId);
  if (summary !== undefined) return summary;
  throw new InvalidRequest(
    `Job ${jobId} is ${overview.status}: it has no results yet. nightshift watch ${jobId}${target.options}`,
  );
}

async function giveTable(
  { store }: Target,
  summary: Summary,
  format: TableFormat,
  flags: ResultsFlags,
): Promise<void> {
  const { out, raw, json, delimiter } = flags;
  const withInput = flags.withInput === true;
  if (out === undefined) return printTable(store, summary, { format, withInput, raw, delimiter });
  const path = await exportTable(store, summary, { format, withInput, raw, delimiter, out });
  const { jobId } = summary;
  const { size: bytes } = await stat(path);
  print(json ? typedLine('file', { jobId, key: resultsOf(summary), path, bytes }) : printable(path));
}

async function copyFiles(
  { store }: Target,
  { jobId, results, deadLetters }: Summary,
  { out, json, parquet }: ResultsFlags & { readonly out: string },
): Promise<void> {
  await makeFolder('--out', out);
  // Removes the dead letters of another job. Running them by mistake would pay for their rows again.
  if (deadLetters === undefined) await rm(join(out, basename(deadLettersKey(jobId))), { force: true });
  for (const { key, bytes } of await filesOf(store, jobId)) {
    const path = await download(store, key, { jobId, folder: out });
    if (path === undefined) {
      printError(
        `${printable(store.locate(key))} is not copied: its name is not that of a file below ${printable(out)}.`,
      );
      continue;
    }
    print(json ? typedLine('file', { jobId, key, path, bytes }) : printable(path));
    if (parquet !== true || key !== results) continue;
    const table = path.replace(/\.jsonl$/, '.parquet');
    await writeParquet(table, () => read(store, key));
    const made = { jobId, key, path: table, bytes: (await stat(table)).size };
    print(json ? typedLine('file', made) : printable(table));
  }
}

async function printResults({ store }: Target, summary: Summary): Promise<void> {
  await printStream(printableChunks(read(store, resultsOf(summary))));
}
