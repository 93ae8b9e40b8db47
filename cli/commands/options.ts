import { existsSync } from 'node:fs';
import { Option, type Command } from 'commander';
import { FORMAT_NAMES } from '../../src/rows/formats.ts';
import { readSchemaFile } from '../schema-file.ts';
import type { OpenTarget } from '../targets/open-target.ts';
import { positiveNumber, wholeNumber } from './numbers.ts';

/** Which configuration is used. */
export interface ConfigFlags {
  readonly config?: string;
}

export function addConfigOption(command: Command): Command {
  return command.option(
    '--config <file>',
    'the configuration (default: nightshift.config.ts, .mts, .js, .mjs or .json, from this folder upwards)',
  );
}

/** How the rows are treated: the same for every command that takes files. */
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
}

export function addTreatmentOptions(command: Command): Command {
  return command
    .option('--profile <name>', "profile of nightshift.config.ts (default: the job request's, or default)")
    .option('--model <name>', 'model of rows that name none')
    .option('--prompt <template>', "the prompt, with a row's columns in double braces: 'Review: {{review}}'")
    .option('--system <template>', 'the system message; a template, too')
    .option('--schema <file>', 'a JSON Schema that each answer must match', readSchemaFile)
    .option(
      '--limit <number>',
      'a sample: only so many rows; going on without it takes their answers',
      positiveNumber,
    )
    .option('--endpoint <path>', 'target endpoint, such as /v1/embeddings')
    .option('--rounds <number>', 'most rounds a row may take part in', wholeNumber)
    .option('--strict', 'refuse the file when one row is invalid')
    .option('--delimiter <character>', "what separates a table's cells: , ; | tab (default: recognised)")
    .option('--encoding <name>', 'such as windows-1252 (default: UTF-8, or UTF-16 where it is recognised)')
    .option('--id <column>', "the column, or the field, that is a row's id (default: custom_id, else id)")
    .option('--sheet <name>', 'the sheet of a workbook (default: the first)')
    .addOption(
      new Option('--stdin <format>', 'what standard input (-) is (default: recognised)').choices(
        FORMAT_NAMES,
      ),
    )
    .option('--quotes', "quotes hold a table's cells together, whatever it looks like")
    .option('--no-quotes', 'quotes in a table are characters like any other');
}

/** Where the jobs are, and how they are told. */
export interface TargetFlags extends OpenTarget {
  readonly json?: true;
}

/** A deployed stack. */
export function addStackOptions(command: Command): Command {
  return command
    .option('--stack <name>', 'the deployed stack (default: the one in the outputs file)')
    .option('--outputs <file>', 'where `npm run deploy` wrote what it deployed', 'cdk-outputs.json')
    .option('--json', 'print one JSON object per line and nothing else');
}

/** Where `run` and `local` keep their jobs, unless they are told otherwise. */
export const DATA_FOLDER = 'nightshift-data';

/** A deployed stack, or a folder of this machine: the one of `run` and `local`, when no stack was deployed from here. */
export function addTargetOptions(command: Command): Command {
  return addStackOptions(command)
    .option(
      '--data <folder>',
      `look into a data folder of this machine instead of a deployed stack (default: ${DATA_FOLDER}, when there is no outputs file)`,
    )
    .hook('preAction', (_, asked) => {
      const { stack, data, outputs } = asked.opts<TargetFlags>();
      const isChosen = stack ?? data ?? (asked.getOptionValueSource('outputs') !== 'default' || undefined);
      if (isChosen === undefined && !existsSync(outputs) && existsSync(DATA_FOLDER))
        asked.setOptionValueWithSource('data', DATA_FOLDER, 'default');
    });
}
