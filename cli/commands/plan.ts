import { styleText } from 'node:util';
import { Command } from 'commander';
import type { LoadConfig } from '../config/load-config.ts';
import { InvalidRequest } from '../../src/errors.ts';
import { PRICES_AS_OF } from '../../src/cost/aws-prices.ts';
import { typedLine } from '../json-lines.ts';
import { print, printError } from '../output.ts';
import type { NightshiftConfig } from '../../src/config/config.ts';
import { configOf, ONE_TARGET, openStack, type Target } from '../targets/open-target.ts';
import { parseExact } from '../../src/exact-json.ts';
import { takeStandardInput } from '../standard-input.ts';
import { planJob, type PlannedJob } from '../plan-job.ts';
import { printable } from '../../src/text/printable.ts';
import { describePlan } from '../view/describe-plan.ts';
import { EXIT } from './exit-status.ts';
import { overridesOf } from '../overrides.ts';
import {
  DATA_FOLDER,
  OUTPUTS_FILE,
  addConfigOption,
  addTreatmentOptions,
  type ConfigFlags,
  type TreatmentFlags,
} from './options.ts';

interface PlanFlags extends TreatmentFlags, ConfigFlags {
  readonly data: string;
  readonly stack?: string;
  readonly outputs?: string;
  readonly json?: true;
}

/** `nightshift plan <files…>` shows what a job would do. */
export function planCommand(loadConfig: LoadConfig): Command {
  const command = new Command('plan')
    .description('print the size and cost of a job without sending anything: rows, shards, tokens, polls')
    .argument('<files...>', 'input files, or a job request (.job.json)')
    .option('--provider <name>', "another provider than the profile's");
  return addConfigOption(addTreatmentOptions(command))
    .option('--data <folder>', "the folder with a job request's inputs and with earlier jobs", DATA_FOLDER)
    .option(
      '--stack <name>',
      'plan for this deployed stack: with its configuration, its earlier jobs and the batches that run there',
    )
    .option('--outputs <file>', 'the same for the stack in the file that `npm run deploy` wrote')
    .option('--json', 'print the plan as one JSON object and nothing else')
    .addHelpText('after', '\nExit status: 0 the job can run, 1 nothing would be sent, 2 usage error.')
    .action(async (files: string[], flags: PlanFlags, asked: Command) => {
      const { profile, limit, data } = flags;
      const isFolder = asked.getOptionValueSource('data') !== 'default';
      const target = await openPlanned(flags, isFolder);
      const config = await configFor(target, flags, loadConfig);
      await using given = await takeStandardInput(files, process.stdin, flags.stdin);
      const overrides = overridesOf(flags);
      const planned = await planJob({
        files: given.files,
        profile,
        limit,
        overrides,
        config,
        data,
        bucket: target?.store,
      });
      const text = flags.json
        ? typedLine('plan', planLine(planned))
        : describePlan(planned, given.files, data).join('\n');
      print(text);
      const { failure } = planned.plan;
      if (failure === undefined) return;
      printError(styleText('red', `The job would fail: ${printable(failure.message)}`, ON_STDERR));
      process.exitCode = EXIT.failed;
    });
}

/**
 * The stack for which a job is planned; undefined for this machine.
 * @throws InvalidRequest when a data folder is named, too
 */
async function openPlanned({ stack, outputs }: PlanFlags, isFolder: boolean): Promise<Target | undefined> {
  if (stack === undefined && outputs === undefined) return undefined;
  if (isFolder) throw new InvalidRequest(ONE_TARGET);
  return openStack({ stack, outputs: outputs ?? OUTPUTS_FILE });
}

/** The named configuration; by default that of the stack, or of the working directory. */
async function configFor(
  target: Target | undefined,
  { config }: PlanFlags,
  loadConfig: LoadConfig,
): Promise<NightshiftConfig> {
  return target === undefined || config !== undefined ? loadConfig(config) : configOf(target, loadConfig);
}

const ON_STDERR = { stream: process.stderr };

function planLine(planned: PlannedJob): object {
  const { profile, plan, requests, skipped, batches, direct, price, disk, forecast: room } = planned;
  const { name, provider, endpoint, model } = profile;
  return {
    profile: name,
    provider: provider.name,
    endpoint,
    model,
    ...plan,
    // Sizes of checkpoints are of no use outside the job.
    shards: plan.shards.map(({ files: _files, ...shard }) => shard),
    requests: requests.map((line) => parseExact(line)),
    skipped,
    batches,
    direct,
    pricesAsOf: PRICES_AS_OF,
    price,
    room,
    disk,
  };
}
