import type { OutcomeCounts } from './counts.ts';
import { approvalKey, pilotDraftKey, pilotKey } from './keys.ts';
import type { Plan } from './plan.ts';
import { storedObject } from './stored-object.ts';

/**
 * `pilot.json`: the state of a job's pilot, for people. Decisions use the rows' outcomes, the profile and the approval instead.
 * - `running`: its rows are being processed
 * - `waiting`: all its rows have outcomes, and a person must approve
 * - `passed`, `approved`: the other rows are sent
 * - `failed`: too many of its rows are not ok, so no other row is sent
 * - `rejected`: a person decided that no other row is sent
 * - `unanswered`: nobody approved in time, so no other row is sent
 */
export interface Pilot {
  readonly state: 'running' | 'waiting' | 'passed' | 'approved' | 'failed' | 'rejected' | 'unanswered';
  readonly rows: number;
  /** Outcomes of its rows; absent while it runs. */
  readonly counts?: OutcomeCounts;
  /** Set while it waits: the deadline of the approval, ISO 8601. */
  readonly until?: string;
  /** Why no further rows are sent. */
  readonly reason?: string;
  /** Key of its results; absent while it runs. */
  readonly results?: string;
  /** Key of its page, if a person was asked. */
  readonly report?: string;
}

export const pilotObject = storedObject<Pilot, string>(pilotKey);

/** A job without a pilot, because it has no more rows than the pilot would have. */
export interface WithoutPilot {
  /** Rows to send. */
  readonly rows: number;
  /** Rows of the profile's pilot. */
  readonly pilotRows: number;
}

/** `approval.json`: a person's decision on the pilot. */
export interface Approval {
  readonly decision: 'approved' | 'rejected';
  /** ISO 8601. */
  readonly at: string;
}

export const approvalObject = storedObject<Approval, string>(approvalKey);

/** A build whose pilot is being made: the plan before any row was moved. */
export interface PilotDraft {
  readonly plan: Plan;
  /** Positions of the pilot's rows, counted from 0 among all request lines; absent until they are chosen. */
  readonly picked?: readonly number[];
  /** Set if a call ran short of time before the rows were chosen. */
  readonly counted?: CountedInputs;
}

/** Request lines of each input so far. */
export interface CountedInputs {
  readonly counts: readonly number[];
  /** Number of shards that are counted. */
  readonly shards: number;
  /** The input of the last request line. */
  readonly file?: string | undefined;
}

export const pilotDraftObject = storedObject<PilotDraft, string>(pilotDraftKey);
