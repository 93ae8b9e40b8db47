import { readJson } from '../store/json.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { ledgerPrefix } from './keys.ts';
import { findLastChange } from './state-log.ts';

/** Money that a round may cost, until its usage is reported. */
export interface Reservation {
  readonly amount: number;
  /** The month (`2026-11`) whose ledger also has the reservation; absent without a monthly budget. */
  readonly month?: string;
  /** True if the batch was left open: the money may be spent, and only a resume corrects the reservation. */
  readonly held?: true;
}

/** Money that was spent, and reservations by name. */
export interface Spending {
  readonly spent: number;
  readonly open: Readonly<Record<string, Reservation>>;
}

/** Outcomes of a shard's rows so far. */
export interface ShardRows {
  readonly shard: number;
  /** Number of request lines, and of those that have ended and are not ok. */
  readonly rows: number;
  readonly bad: number;
  /** The last round that was counted. */
  readonly round: number;
}

/** Most money that a job may cost, and the highest share of bad rows. */
export interface Limits {
  readonly max?: number | undefined;
  readonly maxPerMonth?: number | undefined;
  readonly maxBad?: number | undefined;
}

/** `jobs/<jobId>/ledger/<n>.json`: a job's money and its last shards after the n-th change. */
export interface JobLedger extends Spending {
  /** Answers so far, and their output tokens. */
  readonly answers: number;
  readonly outputTokens: number;
  /** The shards that were collected last, the most recent at the end. */
  readonly recent: readonly ShardRows[];
  /** The limits when the job was last resumed; absent before its first resume. */
  readonly limits?: Limits;
}

export const EMPTY_LEDGER: JobLedger = {
  spent: 0,
  open: {},
  answers: 0,
  outputTokens: 0,
  recent: [],
};

/** A month's spending before its first change (`spending/<profile>/<month>-<currency>/<n>.json`). */
export const NOTHING_SPENT: Spending = { spent: 0, open: {} };

export async function readJobLedger(store: ObjectStore, jobId: string): Promise<JobLedger | undefined> {
  const last = await findLastChange(store, ledgerPrefix(jobId));
  return last && readJson<JobLedger>(store, last.key);
}
