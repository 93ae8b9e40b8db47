import { readJson } from '../store/json.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { ledgerPrefix } from './keys.ts';
import { findLastChange } from './state-log.ts';

/** Money that a round may cost, until its usage is reported. */
export interface Reservation {
  readonly amount: number;
  /** The month (`2026-11`) in whose ledger it is, too; absent without a monthly budget. */
  readonly month?: string;
  /** Its batch was left open: the money may be spent, and nobody corrects it before a resume. */
  readonly held?: true;
}

/** Money that is spent, and reservations by their names. */
export interface Spending {
  readonly spent: number;
  readonly open: Readonly<Record<string, Reservation>>;
}

/** How a shard's rows ended so far. */
export interface ShardRows {
  readonly shard: number;
  /** Request lines, and those of them that ended and are not ok. */
  readonly rows: number;
  readonly bad: number;
  /** The last round that is counted. */
  readonly round: number;
}

/** What a job may cost, and how many of its rows may end badly. */
export interface Limits {
  readonly max?: number | undefined;
  readonly maxPerMonth?: number | undefined;
  readonly maxBad?: number | undefined;
}

/** `jobs/<jobId>/ledger/<n>.json`: the state of a job's money and of its last shards after the n-th change. */
export interface JobLedger extends Spending {
  /** Answers so far, and their output tokens. */
  readonly answers: number;
  readonly outputTokens: number;
  /** The last shards of which a round was collected, the last one at the end. */
  readonly recent: readonly ShardRows[];
  /** The limits as they were when the job was last resumed; absent before. */
  readonly limits?: Limits;
}

export const EMPTY_LEDGER: JobLedger = {
  spent: 0,
  open: {},
  answers: 0,
  outputTokens: 0,
  recent: [],
};

/** `spending/<profile>/<month>/<n>.json`. */
export const NOTHING_SPENT: Spending = { spent: 0, open: {} };

export async function readJobLedger(store: ObjectStore, jobId: string): Promise<JobLedger | undefined> {
  const last = await findLastChange(store, ledgerPrefix(jobId));
  return last && readJson<JobLedger>(store, last.key);
}
