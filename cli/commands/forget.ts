import { Command } from 'commander';
import { counted } from '../../src/counted.ts';
import { printable } from '../../src/printable.ts';
import { forgetJob, type ForgottenJob } from '../forget-job.ts';
import { jsonLine } from '../json-lines.ts';
import { print } from '../output.ts';
import { noSuchJob } from '../targets/find-job.ts';
import { openTarget, type Target } from '../targets/open-target.ts';
import { addTargetOptions, type TargetFlags } from './options.ts';

/** `nightshift forget <job>`. */
export function forgetCommand(): Command {
  const command = new Command('forget')
    .description('delete the rows and answers of a job that has ended; later jobs do not reuse its answers')
    .argument('<job>', 'jobId');
  return addTargetOptions(command).action(async (jobId: string, flags: TargetFlags) => {
    const target = await openTarget(flags);
    const forgotten = await forgetJob(target, jobId, new Date());
    if (forgotten === undefined) throw await noSuchJob(target, jobId);
    if (flags.json) print(jsonLine('forgotten', forgotten));
    else for (const line of describe(forgotten, target, flags)) print(line);
  });
}

/** Most keys to print; `--json` has all of them. */
const SHOWN = 10;

function describe(
  { jobId, deleted, inputs, copies }: ForgottenJob,
  { store, options }: Target,
  { data }: TargetFlags,
): string[] {
  const kept = data === undefined ? ' The bucket keeps deleted versions for 30 days.' : '';
  return [
    `Job ${printable(jobId)} is forgotten: ${counted(deleted, 'object')} ${deleted === 1 ? 'was' : 'were'} deleted, and no later job reuses its answers.${kept}`,
    ...inputs.slice(0, SHOWN).map((key) => `Its input stays: ${printable(store.locate(key))}`),
    ...more(inputs.length, 'input file'),
    ...copies
      .slice(0, SHOWN)
      .map(
        (copy) =>
          `${counted(copy.rows, 'row')} of job ${printable(copy.jobId)} ${copy.rows === 1 ? 'has' : 'have'} its answers. To delete them, too: nightshift forget ${printable(copy.jobId)}${options}`,
      ),
    ...more(copies.length, 'job'),
  ];
}

function more(all: number, what: string): string[] {
  return all > SHOWN ? [`… and ${counted(all - SHOWN, what)} more; --json names all of them.`] : [];
}
