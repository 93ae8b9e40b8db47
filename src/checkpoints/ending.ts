import type { ErrorCount, OutcomeCounts } from './counts.ts';
import { joinedPrefix } from './keys.ts';
import type { RowProblem } from './plan.ts';
import { storedObject } from './stored-object.ts';

/** One end of a job, which may take several calls of *Write results*. */
export interface EndRef {
  readonly jobId: string;
  /** When its first call began, in milliseconds since 1970. */
  readonly since: number;
}

/** How much of the index of a job's answers is written. */
export interface IndexProgress {
  /** The next shard, and the position of its lines in the results. */
  readonly shard: number;
  readonly start: number;
  readonly entries: number;
  /** Requests of the pilot's shards that belong to rows of earlier shards. */
  readonly pilot: number;
  /** Bytes of each part: the first one is under the index's own key. */
  readonly parts: readonly number[];
}

/** The progress of merging the result lines of a retry into those of its job. */
export interface MergeProgress {
  /** Identifies the results that are read; with other results, the merge begins anew. */
  readonly mark: string;
  /** True if all lines are merged, so that the parts are the new results. */
  readonly isWhole: boolean;
  /** Position of the next line in the job's results, and in those of the retry. */
  readonly from: number;
  readonly retryFrom: number;
  /** Bytes of each part of the new results. */
  readonly parts: readonly number[];
  /** Number of files with moved lines, for the index of answers. */
  readonly moved: number;
  readonly counts: OutcomeCounts;
  readonly errors: readonly ErrorCount[];
  readonly problems: readonly RowProblem[];
}

/** `ending.json`: the progress of an end, written by a call that leaves the rest to another call. */
export interface Ending {
  /** Results and dead letters are joined. */
  readonly joined?: true;
  readonly index?: IndexProgress | 'written';
  readonly merge?: MergeProgress;
}

/** The folder of an end's parts. */
export const endPrefix = ({ jobId, since }: EndRef): string => `${joinedPrefix(jobId)}${since}/`;

export const endingObject = storedObject<Ending, EndRef>((ref) => `${endPrefix(ref)}ending.json`);
