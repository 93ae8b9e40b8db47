import { Command } from 'commander';
import type { NightshiftConfig } from '../../src/config/config.ts';
import type { LoadConfig } from '../config/load-config.ts';
import { resolveProfile } from '../../src/config/resolve-profile.ts';
import type { ProviderSettings } from '../../src/provider/batch-provider.ts';
import { startJob, type StartedJob } from '../../src/job-control/start-job.ts';
import { InvalidRequest } from '../../src/errors.ts';
import { typedLine } from '../json-lines.ts';
import { print } from '../output.ts';
import { takeStandardInput } from '../standard-input.ts';
import { configOf, openStack, startEdges, type Target } from '../targets/open-target.ts';
import { readTreatment, toStartRequest } from '../../host/start-request.ts';
import { overridesOf } from '../overrides.ts';
import { addStackOptions, addTreatmentOptions, type TreatmentFlags } from './options.ts';
import { addIntervalOption, watch, WATCH_HELP, type WatchFlags } from './watch.ts';

interface SubmitFlags extends TreatmentFlags, Omit<WatchFlags, 'data'> {
  readonly again?: true;
  readonly wait?: true;
}

/** `nightshift submit <files…>` starts one job on a deployed stack. */
export function submitCommand(loadConfig: LoadConfig): Command {
  const command = new Command('submit')
    .description('start one job on a deployed stack: input files, or a job request (.job.json)')
    .argument('<files...>', 'input files to upload, or a job request whose inputs are in the bucket')
    .option('--provider <name>', "another provider than the profile's");
  addTreatmentOptions(command)
    .option('--again', 'start a new job, and pay again, even if these files have been submitted before')
    .option('--wait', 'watch the job to its end');
  return addStackOptions(addIntervalOption(command))
    .addHelpText(
      'after',
      `\nThe same files with the same options are the same job.\nWith --wait:${WATCH_HELP}`,
    )
    .action(async (files: string[], flags: SubmitFlags) => {
      const target = await openStack(flags);
      const config = await configOf(target, loadConfig);
      await using given = await takeStandardInput(files, process.stdin, flags.stdin);
      const started = await submit(target, config, given.files, flags);
      if (flags.json) print(typedLine('started', lineOf(started)));
      else print(describe(started, target, flags));
      if (flags.wait) process.exitCode = await watch(target, started.jobId, flags);
    });
}

async function submit(
  target: Target,
  config: NightshiftConfig,
  files: readonly string[],
  flags: SubmitFlags,
): Promise<StartedJob> {
  const { profile, limit } = flags;
  const treatment = await readTreatment({ files, profile, limit, overrides: overridesOf(flags) });
  rejectThisMachine(resolveProfile(config, treatment.profile, treatment.overrides).provider);
  const asked = { files, again: flags.again === true };
  const request = await toStartRequest(target.store, config, asked, treatment);
  return startJob(startEdges(target, config), request);
}

/**
 * Rejects a provider whose base URL is on this machine.
 * @throws InvalidRequest when a Lambda cannot reach the provider, for example the simulator
 */
function rejectThisMachine({ name, baseUrl }: ProviderSettings): void {
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(new URL(baseUrl).hostname)) return;
  throw new InvalidRequest(
    `The provider "${name}" is on this machine, where AWS cannot reach it. \`nightshift run\` calls it from here.`,
  );
}

const lineOf = ({ jobId, state }: StartedJob): object => ({ jobId, state });

const STATES = {
  started: 'started',
  resumed: 'continues',
  running: 'runs already',
  cancelling: 'is being cancelled',
  finished: 'has ended before (--again starts a new job)',
} as const;

function describe({ jobId, state }: StartedJob, { options }: Target, { wait }: SubmitFlags): string {
  const line = `job ${jobId} ${STATES[state]}`;
  if (wait) return line;
  return `${line}\n${state === 'finished' ? 'Get its results' : 'Watch it'}: nightshift ${state === 'finished' ? 'results' : 'watch'} ${jobId}${options}`;
}
