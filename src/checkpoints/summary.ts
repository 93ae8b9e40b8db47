import { beforeRetriesKey, summaryKey } from './keys.ts';
import { storedObject } from './stored-object.ts';
import type { Failure } from '../errors.ts';
import type { BatchRecord, UnreadableLine } from './collected.ts';
import type {
  ErrorCount,
  ModelUsage,
  OutcomeCounts,
  ReusedRows,
  Saved,
  StepCounts,
  Usage,
} from './counts.ts';
import type { InputRef, SkippedFiles } from './job.ts';
import type { InputReading, RowProblem } from './plan.ts';
import type { Pilot } from './pilot.ts';
import type { OpenBatch } from './shard-end.ts';
import type { Unexplained } from './unexplained.ts';

/** Money, by the profile's price: what the provider bills may differ. */
export interface Cost {
  readonly amount: number;
  readonly currency: string;
}

/** One step of a ladder. */
export interface StepSummary extends StepCounts {
  readonly provider: string;
  readonly model?: string | undefined;
  readonly cost?: Cost;
}

/** The result of one retry of a job. */
export interface RetryRecord {
  readonly jobId: string;
  readonly status: Summary['status'];
  /** Rows that were asked again, and those of them that are ok now. */
  readonly rows: number;
  readonly ok: number;
  readonly rounds: number;
  /** Rows that it sent, took from earlier jobs, and found to repeat others; absent when there are none. */
  readonly sent?: number;
  readonly reused?: NonNullable<Summary['reused']>;
  readonly deduplicated?: NonNullable<Summary['deduplicated']>;
  readonly usage: Usage;
  readonly cost?: Cost;
  readonly models: readonly ModelUsage[];
  readonly endedAt: string;
  readonly seconds: number;
}

/** `output/<jobId>/summary.json`, written last. */
export interface Summary {
  readonly jobId: string;
  /**
   * `succeeded`: every row ok; `partial`: finished with dead letters; `failed`: ended before every row was settled;
   * `cancelled`: ended so because somebody wanted it to; `empty`: a scheduled run that found nothing new.
   */
  readonly status: 'succeeded' | 'partial' | 'failed' | 'cancelled' | 'empty';
  readonly profile: string;
  /** The answers are made up: a simulator stood in for the provider. Absent otherwise. */
  readonly simulated?: true;
  /** Absent when the job was not started. */
  readonly provider: string | undefined;
  readonly model: string | undefined;
  readonly endpoint: string | undefined;
  /** The input files, and how each was read. */
  readonly inputs: readonly (InputRef & Partial<InputReading>)[];
  /** Files below the prefix that were left out; absent when there are none. */
  readonly skipped?: SkippedFiles;
  /** Of a sample: so many rows were to be taken, and whether the inputs have more. */
  readonly sample?: { readonly limit: number; readonly hasMore: boolean };
  /** Rows whose answers were taken from a sample, which paid for them; absent when there are none. */
  readonly taken?: { readonly jobId: string; readonly rows: number };
  /**
   * Rows that were not sent because an earlier one has the same request, those of them that are ok, and what that saved; absent when
   * there are none. Summaries of version 0.1 do not have `ok`.
   */
  readonly deduplicated?: { readonly rows: number; readonly ok?: number; readonly saved: Saved };
  /** Rows that are answered from earlier jobs, those jobs, and what that saved; absent when there are none. */
  readonly reused?: Omit<ReusedRows, 'usage'> & { readonly saved: Saved };
  /**
   * Rows that had to be sent, although a job that failed did not send all of them. With the rows that are invalid, deduplicated,
   * reused or taken from a sample, these are all rows of the job, each counted once: a row that was sent and that a retry reused an
   * answer for counts as reused. Absent when the input could not be read.
   */
  readonly sent?: number;
  /** Input rows; `counts` sums to it. */
  readonly rows: number;
  readonly counts: OutcomeCounts;
  readonly shards: number;
  /** Most rounds any shard took. */
  readonly rounds: number;
  /** Rows that the realtime endpoint answered; absent when there are none. */
  readonly sentDirect?: number;
  readonly usage: Usage;
  /** What the usage comes to at the profile's price; absent without a price. */
  readonly cost?: Cost;
  /** The usage, by the model that answered. */
  readonly models: readonly ModelUsage[];
  /** Of a job with a ladder: what each of its steps came to. */
  readonly steps?: readonly StepSummary[];
  /** Of a job that sent some rows before all others. */
  readonly pilot?: Pilot;
  /** Summed over all answers, including those of rows that were sent again. */
  readonly truncated: number;
  readonly refused: number;
  /** Rows that were sent and are not ok, by outcome and code. Invalid rows are under `problems`. */
  readonly errors: readonly ErrorCount[];
  readonly unexplained: Unexplained;
  /** The first result lines that cannot be read; absent when all can. */
  readonly unreadableLines?: readonly UnreadableLine[];
  readonly batches: readonly BatchRecord[];
  /** Batches that the job left as they are when it failed or was cancelled. Absent in summaries of version 0.1. */
  readonly open?: readonly OpenBatch[];
  /** Ids of files that are left at the provider; names, where it would not list them. */
  readonly left: readonly string[];
  /** The first invalid rows, with line and reason. */
  readonly problems: readonly RowProblem[];
  /** Keys of the files beside this one; no dead letters key when every row is ok. */
  readonly results: string | undefined;
  readonly deadLetters: string | undefined;
  /** Retries of the job, whose results are among these; absent when there are none. */
  readonly retries?: readonly RetryRecord[];
  /** Keys of the tables that the profile asks for; absent when it asks for none, or none could be written. */
  readonly tables?: readonly string[];
  /** Key of the page for people; absent when it could not be written. */
  readonly report?: string | undefined;
  readonly failure?: Failure | undefined;
  /** What to do next when the job failed. */
  readonly advice?: string | undefined;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly seconds: number;
  /** When its rows and answers were deleted (ISO 8601), and all of the summary that came from a row; absent otherwise. */
  readonly forgotten?: string;
  /** Rows whose answers were deleted: their lines say so, and are not ok. Absent when there are none. */
  readonly forgottenRows?: number;
}

export const summaryObject = storedObject<Summary, string>(summaryKey);

/** The summary of a job as it was before its first retry. */
export const beforeRetriesObject = storedObject<Summary, string>(beforeRetriesKey);
