import { Command, Option } from 'commander';
import { counted } from '../../src/text/counted.ts';
import { InvalidRequest } from '../../src/errors.ts';
import { printable } from '../../src/text/printable.ts';
import { forgetJob, type ForgottenJob } from '../forget-job.ts';
import { forgetInProfile, forgetRows, type ForgottenRows } from '../forget-rows.ts';
import { typedLine } from '../json-lines.ts';
import { print } from '../output.ts';
import { noSuchJob } from '../targets/find-job.ts';
import { openTarget, type Target } from '../targets/open-target.ts';
import { jobArgument } from './job-argument.ts';
import { addTargetOptions, type TargetFlags } from './options.ts';

interface ForgetFlags extends TargetFlags {
  readonly id?: readonly string[];
  readonly profile?: string;
}

/** `nightshift forget <job>`, and `nightshift forget --id <row>`. */
export function forgetCommand(): Command {
  const command = new Command('forget')
    .description(
      'delete the rows and answers of a job that has ended, or those of single rows; later jobs do not reuse them',
    )
    .argument('[job]', 'jobId', jobArgument)
    .addOption(
      new Option('--id <row>', 'delete only the answers of the row with this id; may be repeated').argParser(
        (id, ids?: readonly string[]) => [...(ids ?? []), id],
      ),
    )
    .option('--profile <name>', 'with --id: in all jobs of this profile');
  return addTargetOptions(command).action(async (jobId: string | undefined, flags: ForgetFlags) => {
    const { id, profile } = flags;
    if (jobId !== undefined && profile === undefined) return forgetIn(jobId, flags);
    if (jobId === undefined && profile !== undefined && id !== undefined)
      return forgetEverywhere(profile, id, flags);
    throw new InvalidRequest(
      'Name the job: nightshift forget <job>. Single rows: nightshift forget <job> --id <row>, or in all jobs of a profile: nightshift forget --profile <name> --id <row>.',
    );
  });
}

async function forgetIn(jobId: string, flags: ForgetFlags): Promise<void> {
  const target = await openTarget(flags);
  const { id } = flags;
  if (id === undefined) {
    const forgotten = await forgetJob(target, jobId, new Date());
    if (forgotten === undefined) throw await noSuchJob(target, jobId);
    show(forgotten, describe(forgotten, target, flags), flags);
    return;
  }
  const forgotten = await forgetRows(target, jobId, new Set(id));
  if (forgotten === undefined) throw await noSuchJob(target, jobId);
  if (forgotten.rows === 0)
    throw new InvalidRequest(
      `Job ${jobId} has no row with the id ${id.join(' or ')}; nothing was deleted. Its ids are in its results: nightshift results ${jobId}${target.options}`,
    );
  show(forgotten, describeRows(forgotten, target, flags), flags);
}

/**
 * Forgets rows in all jobs of a profile.
 * @throws InvalidRequest that names the skipped jobs, after all others are done
 */
async function forgetEverywhere(profile: string, ids: readonly string[], flags: ForgetFlags): Promise<void> {
  const target = await openTarget(flags);
  const left: string[] = [];
  let jobs = 0;
  for await (const found of forgetInProfile(target, profile, new Set(ids))) {
    if ('reason' in found) left.push(found.reason);
    else {
      jobs += 1;
      show(found, describeRows(found, target, flags), flags);
    }
  }
  if (left.length > 0)
    throw new InvalidRequest(
      `${counted(left.length, 'job')} of the profile ${profile} ${left.length === 1 ? 'was' : 'were'} left out and may have such rows. ${left.slice(0, SHOWN).join(' ')}`,
    );
  if (jobs === 0)
    throw new InvalidRequest(
      `No job of the profile ${profile} in ${target.name} has a row with the id ${ids.join(' or ')}; nothing was deleted.`,
    );
}

function show(forgotten: object, lines: readonly string[], { json }: TargetFlags): void {
  if (json) print(typedLine('forgotten', forgotten));
  else for (const line of lines) print(line);
}

/** Most keys to print; `--json` has all of them. */
const SHOWN = 10;

function describe(forgotten: ForgottenJob, { store, options }: Target, flags: TargetFlags): string[] {
  const { jobId, deleted, inputs, copies, reusedFrom } = forgotten;
  return [
    `Job ${printable(jobId)} is forgotten: ${counted(deleted, 'object')} ${deleted === 1 ? 'was' : 'were'} deleted, and no later job reuses its answers.${versions(flags)}`,
    ...describeInputs(inputs, store),
    ...copies
      .slice(0, SHOWN)
      .map(
        (copy) =>
          `${counted(copy.rows, 'row')} of job ${printable(copy.jobId)} ${copy.rows === 1 ? 'has' : 'have'} its answers. To delete them, too: nightshift forget ${printable(copy.jobId)}${options}`,
      ),
    ...more(copies.length, 'job'),
    ...reusedFrom
      .slice(0, SHOWN)
      .map(
        (source) =>
          `Job ${printable(source)} keeps its answers, some of which this job reused. To delete them, too: nightshift forget ${printable(source)}${options}`,
      ),
    ...more(reusedFrom.length, 'job'),
  ];
}

function describeRows(forgotten: ForgottenRows, { store, options }: Target, flags: ForgetFlags): string[] {
  const { jobId, rows, inputs, copies, reusedFrom } = forgotten;
  const ids = (flags.id ?? []).map((id) => ` --id ${printable(id)}`).join('');
  const elsewhere = [...new Set([...reusedFrom, ...copies.map((copy) => copy.jobId)])];
  return [
    `${counted(rows, 'row')} of job ${printable(jobId)} ${rows === 1 ? 'is' : 'are'} forgotten, and no later job reuses ${rows === 1 ? 'its answer' : 'their answers'}. The job's report, tables and checkpoints are deleted, too: it cannot be retried.${versions(flags)}`,
    ...describeInputs(inputs, store),
    ...(flags.profile === undefined
      ? elsewhere
          .slice(0, SHOWN)
          .map(
            (other) =>
              `Job ${printable(other)} may have the same answers. To delete them, too: nightshift forget ${printable(other)}${ids}${options}`,
          )
      : []),
    ...(flags.profile === undefined ? more(elsewhere.length, 'job') : []),
  ];
}

function describeInputs(inputs: readonly string[], store: Target['store']): string[] {
  return [
    ...inputs.slice(0, SHOWN).map((key) => `Its input stays: ${printable(store.locate(key))}`),
    ...more(inputs.length, 'input file'),
  ];
}

function versions({ data }: TargetFlags): string {
  return data === undefined ? ' The bucket keeps deleted versions for 30 days.' : '';
}

function more(all: number, what: string): string[] {
  return all > SHOWN ? [`… and ${counted(all - SHOWN, what)} more; --json names all of them.`] : [];
}
