import { planKey, type ShardRef } from './keys.ts';
import { storedObject } from './stored-object.ts';
import type { Failure } from '../errors.ts';
import type { ReusedRows } from './counts.ts';
import type { InputRef } from './job.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** `plan.json`: the decisions of Build. */
export interface Plan {
  /** Input rows, valid and invalid. */
  readonly rows: number;
  readonly invalid: number;
  /** Rows whose answers are taken from a sample; absent when there are none. */
  readonly answered?: number;
  /** Rows that an earlier row of the job answers; absent if there are none. */
  readonly deduplicated?: number;
  /** Rows that are answered from earlier jobs; absent when there are none. */
  readonly reused?: ReusedRows;
  /**
   * The earlier jobs whose answers the job could reuse, newest first: a damaged shard is built again with the same answers. Absent
   * in jobs that reuse none, and in plans of version 0.1.
   */
  readonly earlierJobs?: readonly { readonly jobId: string; readonly at: string }[] | undefined;
  /** The job is a sample, and its inputs have more rows than the sample takes. */
  readonly hasMore?: true;
  /**
   * Estimate of the tokenizer's count, from some of the requests. In plans of version 0.1: a quarter of the request lines' bytes.
   */
  readonly inputTokens: number;
  /** The same estimate, in later plans whose `inputTokens` are still a quarter of the bytes. */
  readonly estimatedTokens?: number;
  /** How each input file was read; absent in plans of version 0.1. */
  readonly inputs?: readonly (InputRef & InputReading)[];
  readonly shards: readonly ShardPlan[];
  /** The first {@link MAX_LISTED_PROBLEMS} invalid rows. All of them are in the results. */
  readonly problems: readonly RowProblem[];
  /** Why nothing of this plan may be sent: no valid row, an invalid row in a strict job, or over budget. */
  readonly failure?: Failure | undefined;
}

export interface ShardPlan {
  /** Input rows of this shard, in input order, following those of the shard before it. */
  readonly rows: number;
  readonly invalid: number;
  /** Rows whose answers are taken from a sample; absent when there are none. */
  readonly answered?: number;
  /** Rows that an earlier row of the job answers, possibly a row of another shard; absent if there are none. */
  readonly deduplicated?: number;
  /** Rows that are answered from earlier jobs; absent when there are none. */
  readonly reused?: number;
  /** Rows that were moved to the pilot's shards; absent if there are none. */
  readonly piloted?: number;
  /**
   * Set on a shard of the pilot. Each of its rows also counts in the shard that it was taken from, where its lines are written at
   * the end.
   */
  readonly pilot?: true;
  /** Request lines in `round-1.requests.jsonl` and their bytes. Rows that are not sent are in round 0. */
  readonly requests: number;
  readonly bytes: number;
  /** Its other files that Build wrote; absent if there are none, and in plans of earlier versions. */
  readonly files?: OtherFiles | undefined;
  /** Estimated input tokens of the request lines; only in the list of shards to run. */
  readonly tokens?: number;
  /**
   * Set when the job is small enough to send its rows direct; only in the list of shards to run, and only if the profile allows
   * direct.
   */
  readonly direct?: boolean;
  /** The shard is done, and its twins are looked for once more; only in the list of shards to run. */
  readonly look?: true;
}

/** Bytes of the files that Build writes beside the requests of a shard. */
export interface OtherFiles {
  /** `sources.jsonl`, in jobs with several inputs. */
  readonly sources?: number | undefined;
  /** The lines of rows that are not sent, in round 0. */
  readonly results?: number | undefined;
  readonly deadLetters?: number | undefined;
}

/** How an input file was read: what was detected, and what was skipped. */
export interface InputReading {
  /** The extension of the format, such as `.csv`. */
  readonly format: string;
  /** A name of the WHATWG Encoding Standard. */
  readonly encoding: string;
  /** Tables only: the separator of cells, and the first named columns. */
  readonly delimiter?: string;
  readonly columns?: readonly string[];
  /** Number of columns without a name. */
  readonly ignoredColumns?: number;
  /** Number of empty rows. They are not rows of the job. */
  readonly emptyRows?: number;
  /** Sentences for people about everything that differs from the default. */
  readonly notices: readonly string[];
}

export interface RowProblem {
  /** 1-based line (or ordinal, where the format has no lines) in the input file. */
  readonly line: number;
  readonly custom_id: string;
  readonly code: RowProblemCode;
  readonly message: string;
}

export type RowProblemCode =
  | 'INVALID_JSON'
  | 'WRONG_COLUMNS'
  | 'MISSING_COLUMN'
  | 'INVALID_UTF8'
  | 'INVALID_TEXT'
  | 'NOT_AN_OBJECT'
  | 'INVALID_CUSTOM_ID'
  | 'DUPLICATE_CUSTOM_ID'
  | 'NO_PROMPT'
  | 'UNKNOWN_FIELD'
  | 'INVALID_BODY'
  | 'MISSING_MODEL'
  | 'WRONG_ENDPOINT'
  | 'WRONG_METHOD'
  | 'STREAM_NOT_SUPPORTED'
  | 'ROW_TOO_LARGE'
  | 'OTHER_MODEL';

export const MAX_LISTED_PROBLEMS = 100;

/** Positions of the pilot's shards, which follow all others. */
export function pilotShards({ shards }: Pick<Plan, 'shards'>): readonly number[] {
  return shards.flatMap(({ pilot }, shard) => (pilot === true ? [shard] : []));
}

/** True if Build wrote a round 0: the shard has rows that are not sent. */
export function hasRoundZero({ rows, requests }: ShardPlan): boolean {
  return rows > requests;
}

/** Rows of a job that are sent. */
export function rowsToSend({ shards }: Pick<Plan, 'shards'>): number {
  return shards.reduce((sum, { requests }) => sum + requests, 0);
}

export const planObject = storedObject<Plan, string>(planKey);

/**
 * Reads the whole plan, whose size grows with the number of shards. A shard's step calls it only to reject a job, or if its event
 * lacks the shard's part.
 */
export const requirePlan = (store: ObjectStore, jobId: string): Promise<Plan> =>
  planObject.require(store, jobId);

/** A shard, with its entry in the job's plan. */
export interface PlannedShard extends ShardRef {
  /** Absent if the caller does not know it: then it is read from the plan, whose size grows with the number of shards. */
  readonly planned?: ShardPlan | undefined;
}

/** The shard's entry in the job's plan. */
export async function readShardPlan(
  store: ObjectStore,
  { jobId, shard, planned }: PlannedShard,
): Promise<ShardPlan> {
  if (planned !== undefined) return planned;
  const { shards } = await requirePlan(store, jobId);
  const plan = shards[shard];
  if (plan === undefined) throw new Error(`The plan of job ${jobId} has no shard ${shard}.`);
  return plan;
}
