import type { JobDetails } from '../../src/status/job-status.ts';
import type { ShardStatus } from '../../src/status/shard-status.ts';
import { printable } from '../../src/text/printable.ts';
import { describePilot, describeWithoutPilot } from '../../src/status/describe-pilot.ts';
import { counted } from '../../src/text/counted.ts';
import { jobLine, MAX_SHARD_LINES } from './frame.ts';
import { statusText } from './status-text.ts';

/** The changes between two reads of a job, as lines for pipes and logs. */
export function changes(before: JobDetails | undefined, after: JobDetails, now: number): string[] {
  const { status, shards } = after;
  const lines: string[] = [];
  if (before?.status.status !== status.status) lines.push(`status: ${printable(status.status)}`);
  if (before?.status.rows === undefined && status.rows !== undefined) {
    lines.push(`${counted(status.rows, 'row')} in ${counted(status.shards.total, 'shard')}`);
  }
  const { pilot, withoutPilot } = status;
  if (withoutPilot !== undefined && before?.status.withoutPilot === undefined)
    lines.push(describeWithoutPilot(withoutPilot));
  if (pilot !== undefined && pilot.state !== before?.status.pilot?.state)
    lines.push(describePilot(pilot, status.endedAt !== undefined));
  if (shards.length > MAX_SHARD_LINES) {
    const moved = shards.some((shard, n) => describe(shard) !== describe(before?.shards[n]));
    return moved ? [...lines, jobLine(after, now)] : lines;
  }
  for (const [n, shard] of shards.entries()) {
    const line = describe(shard);
    if (line !== undefined && line !== describe(before?.shards[n])) lines.push(line);
  }
  return lines;
}

/** Describes a shard; undefined if there is nothing to report. */
function describe(shard: ShardStatus | undefined): string | undefined {
  if (shard === undefined || shard.state === 'waiting') return undefined;
  const { state, progress } = shard;
  if (state !== 'running') return `shard ${shard.shard}: ${state}`;
  if (progress === undefined) return `shard ${shard.shard}: sent`;
  const { round, succeeded, total } = progress;
  return `shard ${shard.shard}, round ${round}: ${statusText(progress)} (${succeeded ?? '?'}/${total ?? '?'})`;
}
