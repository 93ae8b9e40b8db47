import { styleText } from 'node:util';
import type { OpenBatch } from '../../src/checkpoints/shard/shard-end.ts';
import type { JobDetails, JobStatus } from '../../src/status/job-status.ts';
import type { Target } from '../targets/open-target.ts';
import { printable } from '../../src/text/printable.ts';
import { describePilot, describeWithoutPilot } from '../../src/status/describe-pilot.ts';
import { shownPath } from '../output-files.ts';
import { approvalCommands } from './approval-commands.ts';
import { errorLines } from './error-lines.ts';
import { grouped } from '../../src/text/counted.ts';
import { doneOf, waitTexts } from './figures.ts';
import { jobLine } from './frame.ts';
import { statusText } from './status-text.ts';

/** Most open shards to show. */
const SHOWN_SHARDS = 10;

/** Describes a job's current state, and what to do next. */
export function describeJob(details: JobDetails, target: Pick<Target, 'store' | 'options'>): string[] {
  const { status } = details;
  const { jobId, profile, provider, model, endpoint, inputs, openShards } = status;
  const treated = [provider, model, endpoint].filter((part) => part !== undefined).map(printable);
  return [
    styleText('bold', `job ${printable(jobId)}`),
    jobLine(details, Date.now()),
    `profile ${printable(profile)}: ${treated.join(', ')}`,
    ...(status.simulated ? [styleText('yellow', 'simulated: its answers are made up')] : []),
    `inputs ${inputs.map(({ key }) => printable(key)).join(', ')}`,
    ...describedPilot(status, target.store),
    ...openShards.slice(0, SHOWN_SHARDS).map((shard) => {
      const { progress } = shard;
      const batch =
        progress &&
        `, round ${progress.round}: ${[statusText(progress), ...waitTexts(progress, Date.now())].join(', ')} ${printable(progress.batchId ?? '')}`.trimEnd();
      return `  shard ${shard.shard} ${shard.state}, ${grouped(doneOf(shard))}/${grouped(shard.rows)}${batch ?? ''}`;
    }),
    ...(openShards.length > SHOWN_SHARDS
      ? [`  … and ${openShards.length - SHOWN_SHARDS} open shards more`]
      : []),
    ...(status.open ?? []).map(describeOpen),
    ...errorLines(status.errors ?? []),
    ...[status.results, status.deadLetters, status.report, status.summary].flatMap((key) =>
      key === undefined ? [] : [`  ${printable(shownPath(target.store.locate(key)))}`],
    ),
    ...(status.failure === undefined
      ? []
      : [styleText('red', `It failed: ${printable(status.failure.message)}`)]),
    ...(status.advice === undefined ? [] : [printable(status.advice)]),
    ...nextStep(status, target.options).map((step) => styleText('dim', step)),
  ];
}

function describedPilot({ pilot, withoutPilot, endedAt }: JobStatus, store: Target['store']): string[] {
  if (withoutPilot !== undefined) return [describeWithoutPilot(withoutPilot)];
  if (pilot === undefined) return [];
  return [
    describePilot(pilot, endedAt !== undefined),
    ...[pilot.results, pilot.report].flatMap((key) =>
      key === undefined ? [] : [`  ${printable(store.locate(key))}`],
    ),
  ];
}

function describeOpen({
  shard,
  round,
  batchId,
  candidates = [],
  status,
  files,
  onResume,
}: OpenBatch): string {
  const ids = Object.entries(files).flatMap(([name, id]) =>
    id === undefined ? [] : [`${name} ${printable(id)}`],
  );
  const which = candidates.length === 0 ? '' : ` (one of ${candidates.map(printable).join(', ')})`;
  const batch = batchId === undefined ? `a batch that may exist${which}` : `batch ${printable(batchId)}`;
  const seen = status === undefined ? '' : ` (${printable(status)})`;
  const named = ids.length === 0 ? '' : `, files: ${ids.join(', ')}`;
  return `  open: shard ${shard}, round ${round}, ${batch}${seen}${named}. ${onResume}`;
}

/** Failures of the request itself, with which a resume would fail as well. */
const NOT_RESUMED: ReadonlySet<string> = new Set(['InvalidInput', 'InvalidRequest']);

/** A command that may help, if there is one. */
function nextStep({ jobId, status, results, failure }: JobStatus, options: string): string[] {
  const command = (name: string): string => `nightshift ${name} ${printable(jobId)}${options}`;
  const [approve, reject] = approvalCommands(jobId, options);
  if (status === 'waiting') return [approve, reject];
  if (status === 'failed' && failure?.name === 'PilotStopped') return [approve];
  if (status === 'queued' || status === 'running' || status === 'cancelling')
    return [`Watch it: ${command('watch')}`];
  if (status !== 'failed' && status !== 'cancelled' && status !== 'stopped') {
    return results === undefined ? [] : [`Get its results: ${command('results')} --out <folder>`];
  }
  return NOT_RESUMED.has(failure?.name ?? '') ? [] : [`Continue it: ${command('resume')}`];
}
