import { settledRows } from '../../src/checkpoints/outcomes.ts';
import type { Progress } from '../../src/checkpoints/shard/progress.ts';
import { counted } from '../../src/text/counted.ts';
import { duration } from '../../src/text/duration.ts';
import type { JobDetails } from '../../src/status/job-status.ts';
import type { ShardStatus } from '../../src/status/shard-status.ts';

/** The figures of a running job for display. */
export interface Figures {
  /** Rows that are answered or otherwise settled, including those of running batches; and all rows. */
  readonly done: number;
  readonly rows: number | undefined;
  /** The latest round of any shard; 0 before the first. */
  readonly round: number;
  /** Milliseconds since the start. */
  readonly elapsed: number;
  /**
   * Estimated milliseconds until the end; undefined while no estimate is possible: before the first row is done, when rows may
   * need another round, after a pilot, and while nothing is running.
   */
  readonly left: number | undefined;
  /** Milliseconds until the next poll of any batch; undefined if unknown. */
  readonly nextPoll: number | undefined;
}

/**
 * The figures of a job's progress at a time.
 * @param now milliseconds since 1970
 */
export function figuresOf({ status, shards }: JobDetails, now: number): Figures {
  const end = status.endedAt === undefined ? now : Date.parse(status.endedAt);
  const elapsed = Math.max(0, end - Date.parse(status.createdAt));
  // The counts of an ended job include rows that other rows answer, which no shard counts.
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

/** True if rows of a shard may go to another round: its first round is collected, and it is not done. */
function mayGoAgain({ state, counts, rows }: ShardStatus): boolean {
  return state === 'running' && settledRows(counts) > counts.invalid && settledRows(counts) < rows;
}

/** Finished rows of a shard: with a final outcome, or succeeded in the running batch. */
export function doneOf({ rows, counts, progress, state }: ShardStatus): number {
  const final = settledRows(counts);
  if (state !== 'running' || progress?.succeeded === undefined || progress.total === undefined) return final;
  // If the batch has more rows than are open, it has been collected since the poll.
  return final + progress.total <= rows ? final + progress.succeeded : final;
}

/** Remaining milliseconds at the current pace. */
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

/** The wait of a shard for room: `2 shards ahead`, `room in about 40m`. */
export function waitTexts({ ahead = 0, roomAt }: Progress, now: number): string[] {
  const left = roomAt === undefined ? 0 : Date.parse(roomAt) - now;
  return [
    ...(ahead > 0 ? [`${counted(ahead, 'shard')} ahead`] : []),
    ...(left >= 500 ? [`room in about ${duration(left / 1_000)}`] : []),
  ];
}

/** `next poll in 3s`; empty if the poll is due. */
export function nextPollText(milliseconds: number | undefined): string[] {
  if (milliseconds === undefined || milliseconds < 500) return [];
  return [`next poll in ${duration(milliseconds / 1_000)}`];
}
