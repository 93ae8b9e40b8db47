import type { OutcomeCounts } from './counts.ts';
import { approvalKey, pilotDraftKey, pilotKey } from './keys.ts';
import type { Plan } from './plan.ts';
import { storedObject } from './stored-object.ts';

/**
 * `pilot.json`: how a job's pilot is. For people: what is decided follows from the rows' ends, the profile and the approval.
 * - `running`: its rows are at the provider
 * - `waiting`: they have their ends, and a person has to approve
 * - `passed`, `approved`: the other rows follow
 * - `failed`: too many of its rows are not ok; `rejected`: by a person; `unanswered`: nobody approved in time. Nothing else is sent.
 */
export interface Pilot {
  readonly state: 'running' | 'waiting' | 'passed' | 'approved' | 'failed' | 'rejected' | 'unanswered';
  readonly rows: number;
  /** What became of its rows; absent while it runs. */
  readonly counts?: OutcomeCounts;
  /** While it waits: until when, ISO 8601. */
  readonly until?: string;
  /** Why nothing else is sent. */
  readonly reason?: string;
  /** Key of its results; absent while it runs. */
  readonly results?: string;
  /** Key of its page, if a person was asked. */
  readonly report?: string;
}

export const pilotObject = storedObject<Pilot, string>(pilotKey);

/** A job that sent all its rows at once, because its pilot would have had no fewer. */
export interface WithoutPilot {
  /** Rows to send. */
  readonly rows: number;
  /** Rows that the profile's pilot has. */
  readonly pilotRows: number;
}

/** `approval.json`: what a person says of the pilot. */
export interface Approval {
  readonly decision: 'approved' | 'rejected';
  /** ISO 8601. */
  readonly at: string;
}

export const approvalObject = storedObject<Approval, string>(approvalKey);

/** A build whose pilot is made: its plan before any row was set aside, and the rows that are, counted from 0 among all request lines. */
export interface PilotDraft {
  readonly plan: Plan;
  readonly picked: readonly number[];
}

export const pilotDraftObject = storedObject<PilotDraft, string>(pilotDraftKey);
