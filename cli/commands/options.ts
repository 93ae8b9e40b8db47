import { existsSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { FORMAT_NAMES } from '../../src/rows/formats/format-names.ts';
import { readSchemaFile } from '../schema-file.ts';
import type { OpenTarget } from '../targets/open-target.ts';
import { positiveNumber, shareOfRows, wholeNumber } from './numbers.ts';

/** The option that selects the configuration. */
export interface ConfigFlags {
  readonly config?: string;
}

export function addConfigOption(command: Command): Command {
  return command.option(
    '--config <file>',
    'the configuration (default: nightshift.config.ts, .mts, .js, .mjs or .json, from this folder upwards)',
  );
}

/** Settings for the rows: the same for every command that takes files. */
export interface TreatmentFlags {
  readonly profile?: string;
  readonly provider?: string;
  readonly model?: string;
  readonly endpoint?: string;
  readonly prompt?: string;
  readonly system?: string;
  readonly schema?: Readonly<Record<string, unknown>>;
  readonly limit?: number;
  readonly rounds?: number;
  readonly strict?: true;
  readonly delimiter?: string;
  readonly encoding?: string;
  readonly id?: string;
  readonly sheet?: string;
  readonly stdin?: string;
  readonly quotes?: boolean;
  readonly dedupe?: boolean;
  /** A number of days, or true for any age. */
  readonly reuse?: number | boolean;
  readonly pilot?: number;
  readonly pilotMaxBad?: number;
  readonly approve?: true;
}

export function addTreatmentOptions(command: Command): Command {
  return command
    .option('--profile <name>', "a profile of nightshift.config.ts (default: the job request's, or default)")
    .option('--model <name>', 'the model for rows that name none')
    .option('--prompt <template>', "the prompt, with a row's columns in double braces: 'Review: {{review}}'")
    .option('--system <template>', 'the system message, a template like --prompt')
    .option('--schema <file>', 'a JSON Schema that each answer must match', readSchemaFile)
    .option(
      '--limit <number>',
      'a sample: send only the first rows; a later run without it reuses their answers',
      positiveNumber,
    )
    .option(
      '--pilot <rows>',
      'send this many rows first, spread over the input (default: 200)',
      positiveNumber,
    )
    .option(
      '--pilot-max-bad <share>',
      'send the other rows if at most this share of the first is not ok, such as 0.05',
      shareOfRows,
    )
    .option('--approve', 'send the other rows when you approve the job: nightshift approve <job>')
    .option('--endpoint <path>', 'the endpoint, such as /v1/embeddings')
    .option('--rounds <number>', 'most rounds a row may take part in', wholeNumber)
    .option('--dedupe', 'send rows with the same request once, even with a temperature above 0')
    .option('--no-dedupe', 'send every row, even with the same request as another')
    .option(
      '--reuse [days]',
      'reuse answers of earlier jobs to the same request, up to this many days old (default: any age)',
      positiveNumber,
    )
    .option('--no-reuse', 'also send rows that an earlier job has answered')
    .option('--strict', 'reject the file if one row is invalid')
    .option('--delimiter <character>', 'the delimiter of a table: , ; | tab (default: recognised)')
    .option(
      '--encoding <name>',
      'the encoding, such as windows-1252 (default: UTF-8, or UTF-16 if recognised)',
    )
    .option('--id <column>', "the column or field with the row's id (default: custom_id, else id)")
    .option('--sheet <name>', 'the sheet of a workbook (default: the first)')
    .addOption(
      new Option('--stdin <format>', 'the format of standard input (-) (default: recognised)').choices(
        FORMAT_NAMES,
      ),
    )
    .option('--quotes', 'quotes in a table enclose cells')
    .option('--no-quotes', 'quotes in a table are plain characters');
}

/** The location of the jobs, and the format of the output. */
export interface TargetFlags extends OpenTarget {
  readonly json?: true;
}

/** The file into which `npm run deploy` writes the outputs of the stack. */
export const OUTPUTS_FILE = 'cdk-outputs.json';

/** Options for a deployed stack. */
export function addStackOptions(command: Command): Command {
  return command
    .option('--stack <name>', 'the deployed stack (default: the one in the outputs file)')
    .option('--outputs <file>', 'the file that `npm run deploy` wrote', OUTPUTS_FILE)
    .option('--json', 'print one JSON object per line and nothing else');
}

/** The default data folder of `run` and `local`. */
export const DATA_FOLDER = 'nightshift-data';

/**
 * Options for a deployed stack or a folder on this machine. Default: the folder of `run` and `local`, unless a stack was deployed
 * from here.
 */
export function addTargetOptions(command: Command): Command {
  return addStackOptions(command)
    .option(
      '--data <folder>',
      `use a data folder of this machine instead of a deployed stack (default: ${DATA_FOLDER}, when there is no outputs file)`,
    )
    .hook('preAction', (_, asked) => {
      const { stack, data, outputs } = asked.opts<TargetFlags>();
      const isChosen = stack ?? data ?? (asked.getOptionValueSource('outputs') !== 'default' || undefined);
      if (isChosen === undefined && !existsSync(outputs) && existsSync(DATA_FOLDER))
        asked.setOptionValueWithSource('data', DATA_FOLDER, 'default');
    });
}
