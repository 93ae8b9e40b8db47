import { planKey, type ShardRef } from './keys.ts';
import { storedObject } from './stored-object.ts';
import type { Failure } from '../errors.ts';
import type { ReusedRows } from './counts.ts';
import type { InputRef } from './job.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** `plan.json`: what Build decided. */
export interface Plan {
  /** Input rows, valid and invalid. */
  readonly rows: number;
  readonly invalid: number;
  /** Rows whose answers are taken from a sample; absent when there are none. */
  readonly answered?: number;
  /** Rows that an earlier row of the job answers for; absent when there are none. */
  readonly deduplicated?: number;
  /** Rows that are answered from earlier jobs; absent when there are none. */
  readonly reused?: ReusedRows;
  /** The job is a sample, and its inputs have more rows than it takes. */
  readonly hasMore?: true;
  /** Estimated as a tokenizer counts them, from some of the requests. In plans of version 0.1 a quarter of the request lines' bytes. */
  readonly inputTokens: number;
  /** The same, in plans whose `inputTokens` are a quarter of the bytes and that are not of version 0.1. */
  readonly estimatedTokens?: number;
  /** How each input file was read; absent in plans of version 0.1. */
  readonly inputs?: readonly (InputRef & InputReading)[];
  readonly shards: readonly ShardPlan[];
  /** The first {@link MAX_LISTED_PROBLEMS} invalid rows. All of them are in the results. */
  readonly problems: readonly RowProblem[];
  /** Why nothing of this plan may be sent: no valid row, an invalid one in a strict job, over budget. */
  readonly failure?: Failure | undefined;
}

export interface ShardPlan {
  /** Input rows this shard answers for, in input order after those of the shard before it. */
  readonly rows: number;
  readonly invalid: number;
  /** Rows whose answers are taken from a sample; absent when there are none. */
  readonly answered?: number;
  /** Rows that an earlier row of the job answers for, perhaps one of another shard; absent when there are none. */
  readonly deduplicated?: number;
  /** Rows that are answered from earlier jobs; absent when there are none. */
  readonly reused?: number;
  /** Rows that the pilot's shards answer for; absent when there are none. */
  readonly piloted?: number;
  /** The shard has rows of the pilot. Each is also a row of the shard that it was taken from, where its lines are put in the end. */
  readonly pilot?: true;
  /** Request lines in `round-1.requests.jsonl` and their bytes. Rows without one are in round 0. */
  readonly requests: number;
  readonly bytes: number;
  /** Estimated input tokens of the request lines; only in the list of shards to run. */
  readonly tokens?: number;
  /** The job is so small that its rows are sent direct; only in the list of shards to run, of jobs that may be. */
  readonly direct?: boolean;
}

/** How an input file was read: what was recognised, and what was left out. */
export interface InputReading {
  /** The extension that says the format, such as `.csv`. */
  readonly format: string;
  /** A name of the WHATWG Encoding Standard. */
  readonly encoding: string;
  /** Tables only: what separates the cells, and the first named columns. */
  readonly delimiter?: string;
  readonly columns?: readonly string[];
  /** Columns without a name. */
  readonly ignoredColumns?: number;
  /** Rows without any value: they are not rows of the job. */
  readonly emptyRows?: number;
  /** Sentences for people about what is not the plain default. */
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

/** The shards of a job's pilot, which stand behind all others. */
export function pilotShards({ shards }: Pick<Plan, 'shards'>): readonly number[] {
  return shards.flatMap(({ pilot }, shard) => (pilot === true ? [shard] : []));
}

/** Whether Build wrote a round 0: the shard has rows that are not sent. */
export function hasRoundZero({ rows, requests }: ShardPlan): boolean {
  return rows > requests;
}

/** Rows of a job that are sent. */
export function rowsToSend({ shards }: Pick<Plan, 'shards'>): number {
  return shards.reduce((sum, { requests }) => sum + requests, 0);
}

export const planObject = storedObject<Plan, string>(planKey);

/** Reads the whole plan, which grows with the job's shards: no step of a shard does, unless it refuses or is told too little. */
export const requirePlan = (store: ObjectStore, jobId: string): Promise<Plan> =>
  planObject.require(store, jobId);

/** A shard, and what the job's plan says of it. */
export interface PlannedShard extends ShardRef {
  /** Absent where the caller does not know it: then it is read from the plan, which grows with the job's shards. */
  readonly planned?: ShardPlan | undefined;
}

/** What the job's plan says of a shard. */
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
