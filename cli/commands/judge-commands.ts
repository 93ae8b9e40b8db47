import { Command } from 'commander';
import type { LoadConfig } from '../config/load-config.ts';
import { approveOrReject, type Decision } from '../../src/job-control/approve-or-reject.ts';
import { typedLine } from '../json-lines.ts';
import { print } from '../output.ts';
import { noSuchJob } from '../targets/find-job.ts';
import { configOf, openStack, startEdges } from '../targets/open-target.ts';
import { describeJudged } from '../view/describe-judged.ts';
import { jobArgument } from './job-argument.ts';
import { addTargetOptions, type TargetFlags } from './options.ts';

/** `nightshift approve <job>`. */
export function approveCommand(loadConfig: LoadConfig): Command {
  const command = new Command('approve').description('send the other rows of a job after its pilot');
  return judging(command, 'approved', loadConfig);
}

/** `nightshift reject <job>`. */
export function rejectCommand(loadConfig: LoadConfig): Command {
  const command = new Command('reject').description(
    'end a job that waits after its pilot; its other rows are not sent',
  );
  return judging(command, 'rejected', loadConfig);
}

function judging(command: Command, decision: Decision, loadConfig: LoadConfig): Command {
  return addTargetOptions(command.argument('<job>', 'jobId', jobArgument)).action(
    async (jobId: string, flags: TargetFlags) => {
      if (flags.data !== undefined) {
        const { judgeHere } = await import('./judge-here.ts');
        process.exitCode = await judgeHere(
          jobId,
          decision,
          { ...flags, data: flags.data },
          await loadConfig(),
        );
        return;
      }
      const target = await openStack(flags);
      const judged = await approveOrReject(
        startEdges(target, await configOf(target, loadConfig)),
        jobId,
        decision,
      );
      if (judged === undefined) throw await noSuchJob(target, jobId);
      const { state } = judged;
      print(
        flags.json ? typedLine('judged', { jobId, state }) : describeJudged({ jobId, state }, target.options),
      );
    },
  );
}
