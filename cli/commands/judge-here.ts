import { resolve } from 'node:path';
import type { NightshiftConfig } from '../../src/config/config.ts';
import { approveOrReject, type Decision } from '../../src/job-control/approve-or-reject.ts';
import { holderOf } from '../../host/lock.ts';
import { judgeRun } from '../../host/run-job.ts';
import { summaryObject } from '../../src/checkpoints/summary.ts';
import { typedLine } from '../json-lines.ts';
import { print } from '../output.ts';
import { openTarget, startEdges, type Target } from '../targets/open-target.ts';
import { describeJudged } from '../view/describe-judged.ts';
import { EXIT, exitStatus } from './exit-status.ts';
import { askHolder, requireJob, runHere, showSummary, WHERE, type FolderFlags } from './jobs-here.ts';

/**
 * Approves or rejects a job of a data folder. If another process runs the job, that process reads the decision. Otherwise this
 * process runs the job to its end.
 * @returns the exit status
 */
export async function judgeHere(
  jobId: string,
  decision: Decision,
  flags: FolderFlags,
  config: NightshiftConfig,
): Promise<number> {
  const target = await openTarget({ ...WHERE, data: flags.data });
  await requireJob(target, jobId);
  if (await tellHolder(target, jobId, decision, { data: flags.data, config })) {
    const judged = { jobId, state: decision };
    print(flags.json ? typedLine('judged', judged) : describeJudged(judged, target.options));
    return EXIT.ok;
  }
  const ended = await runHere(jobId, flags, config, (host) => judgeRun(host, jobId, decision));
  if (ended === undefined) return EXIT.interrupted;
  if (flags.json) print(typedLine('summary', ended));
  else await showSummary(target, ended);
  return exitStatus(ended);
}

/**
 * Sends the decision to the process that uses the folder.
 * @returns false if no process uses the folder
 */
async function tellHolder(
  target: Target,
  jobId: string,
  decision: Decision,
  { data, config }: { readonly data: string; readonly config: NightshiftConfig },
): Promise<boolean> {
  const holder = await holderOf(resolve(data));
  if (holder === undefined) return false;
  const hasEnded = (await summaryObject.read(target.store, jobId)) !== undefined;
  if (holder.url !== undefined || hasEnded)
    return (await askHolder(data, jobId, decision === 'approved' ? 'approve' : 'reject')) !== undefined;
  // A `run` accepts no requests, but reads decisions that are written into its folder.
  await approveOrReject(startEdges(target, config), jobId, decision);
  return true;
}
