import { Command } from 'commander';
import type { LoadConfig } from '../config/load-config.ts';
import { addConfigOption, addTreatmentOptions, DATA_FOLDER } from './options.ts';
import type { RunFlags } from './run-flags.ts';

/** `nightshift run [files…]` runs one job to its end on this machine. */
export function runCommand(loadConfig: LoadConfig): Command {
  const command = new Command('run')
    .description(
      'run one job on this machine: input files (.jsonl, .json, .csv, .tsv, .txt, each also .gz; .xlsx, .parquet), or a job request (.job.json)',
    )
    .argument(
      '[files...]',
      'input files, or - for standard input (default: the ten prompts of examples/hanse.jsonl)',
    )
    .option('--provider <name>', "another provider than the profile's; its key is read from <NAME>_API_KEY")
    .option(
      '--simulate',
      'use a simulated provider with made-up answers: no key, no cost (default without files)',
    );
  return addConfigOption(addTreatmentOptions(command))
    .option('--data <folder>', 'the folder that replaces the bucket', DATA_FOLDER)
    .option(
      '--out <path>',
      'also copy the result files into this folder; or write the input and its answers to this .csv, .xlsx, .parquet or .jsonl file',
    )
    .option('--again', 'start a new job, and pay again, even if this file has been run before')
    .option('--json', 'print the summary as one JSON object and nothing else')
    .option('--bundles', 'build the Lambdas into cdk.out as for a deploy, and run those')
    .option('--verbose', 'print the log lines of the steps to standard error')
    .addHelpText('after', HELP)
    .action(async (files: string[], flags: RunFlags) => {
      const { runFiles } = await import('../run-files.ts');
      process.exitCode = await runFiles(files, flags, await loadConfig(flags.config));
    });
}

const HELP = `
Exit status: 0 every row is ok, 3 finished with dead letters, 1 the job failed, 2 usage error.
Several files are one job. Run the same command again to continue a job that was interrupted or failed.`;
