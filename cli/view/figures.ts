import { settledRows } from '../../src/checkpoints/outcomes.ts';
import type { Progress } from '../../src/checkpoints/shard/progress.ts';
import { counted } from '../../src/counted.ts';
import { duration } from '../../src/duration.ts';
import type { JobDetails } from '../../src/status/job-status.ts';
import type { ShardStatus } from '../../src/status/shard-status.ts';

/** The numbers of a job that runs, for whoever looks at it. */
export interface Figures {
  /** Rows that are answered or settled otherwise, those of running batches included, and all rows. */
  readonly done: number;
  readonly rows: number | undefined;
  /** The latest round of any shard; 0 before the first. */
  readonly round: number;
  /** Milliseconds, all three. */
  readonly elapsed: number;
  /**
   * Estimated; undefined until something is done, and where the pace so far says nothing: when rows may need another round, behind a
   * pilot, and while nothing runs.
   */
  readonly left: number | undefined;
  /** Until the next poll of any batch; undefined when none is known. */
  readonly nextPoll: number | undefined;
}

/** @param now milliseconds since 1970 */
export function figuresOf({ status, shards }: JobDetails, now: number): Figures {
  const end = status.endedAt === undefined ? now : Date.parse(status.endedAt);
  const elapsed = Math.max(0, end - Date.parse(status.createdAt));
  // The counts of a job that has ended include rows that follow others, which no shard counts.
  const done =
    status.endedAt !== undefined || shards.length === 0
      ? settledRows(status.counts)
      : shards.reduce((sum, shard) => sum + doneOf(shard), 0);
  const round = Math.max(0, ...shards.map(({ progress }) => progress?.round ?? 0));
  const isPaced =
    status.status === 'running' && status.pilot === undefined && round <= 1 && !shards.some(mayGoAgain);
  return {
    done,
    rows: status.rows,
    round,
    elapsed,
    left: isPaced ? timeLeft(done, status.rows, elapsed) : undefined,
    nextPoll: nextPollOf(shards, now),
  };
}

/** Whether rows of a shard go to another round: its first one is collected, and it is not done. */
function mayGoAgain({ state, counts, rows }: ShardStatus): boolean {
  return state === 'running' && settledRows(counts) > counts.invalid && settledRows(counts) < rows;
}

/** Rows of a shard that are done: with their final outcome, or succeeded in the batch that runs. */
export function doneOf({ rows, counts, progress, state }: ShardStatus): number {
  const final = settledRows(counts);
  if (state !== 'running' || progress?.succeeded === undefined || progress.total === undefined) return final;
  // A batch with more rows than are open has been collected since it was looked at.
  return final + progress.total <= rows ? final + progress.succeeded : final;
}

/** At the current pace. */
function timeLeft(done: number, rows: number | undefined, elapsed: number): number | undefined {
  if (rows === undefined || done <= 0 || done >= rows) return undefined;
  return (elapsed * (rows - done)) / done;
}

function nextPollOf(shards: readonly ShardStatus[], now: number): number | undefined {
  const times = shards.flatMap(({ state, progress }) =>
    state === 'running' && progress?.nextPollAt !== undefined ? [Date.parse(progress.nextPollAt)] : [],
  );
  return times.length === 0 ? undefined : Math.max(0, Math.min(...times) - now);
}

/** What a shard knows that waits for room: `2 shards ahead`, `room in about 40m`. */
export function waitTexts({ ahead = 0, roomAt }: Progress, now: number): string[] {
  const left = roomAt === undefined ? 0 : Date.parse(roomAt) - now;
  return [
    ...(ahead > 0 ? [`${counted(ahead, 'shard')} ahead`] : []),
    ...(left >= 500 ? [`room in about ${duration(left / 1_000)}`] : []),
  ];
}

/** `next poll in 3s`; nothing when it is due. */
export function nextPollText(milliseconds: number | undefined): string[] {
  if (milliseconds === undefined || milliseconds < 500) return [];
  return [`next poll in ${duration(milliseconds / 1_000)}`];
}
