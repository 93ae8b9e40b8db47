import type { OutcomeCounts } from '../checkpoints/counts.ts';
import { rowsNotOk, settledRows } from '../checkpoints/outcomes.ts';
import type { Approval, Pilot } from '../checkpoints/pilot.ts';
import type { PilotRules } from '../checkpoints/profile.ts';

/** The facts about a pilot whose rows have all ended. */
export interface PilotEnd {
  readonly jobId: string;
  readonly rules: PilotRules;
  readonly counts: OutcomeCounts;
  /** Absent until a person has decided. */
  readonly approval: Approval | undefined;
  /** The start of the wait for an approval, and the current time, in milliseconds since 1970. */
  readonly since: number;
  readonly now: number;
}

/** The decision after a pilot: the other rows follow, nothing follows, or the job waits. */
export type Judgement =
  | { readonly state: 'passed' | 'approved' }
  | { readonly state: 'failed' | 'rejected' | 'unanswered'; readonly code: string; readonly reason: string }
  | { readonly state: 'waiting'; readonly until: string; readonly waitSeconds: number };

const MS_PER_DAY = 86_400_000;

/** Decides what follows a pilot. A person's decision takes precedence over the rules. */
export function judgePilot({ jobId, rules, counts, approval, since, now }: PilotEnd): Judgement {
  const { maxBad = 1, approvalDays } = rules;
  if (approval?.decision === 'approved') return { state: 'approved' };
  if (approval?.decision === 'rejected')
    return { state: 'rejected', code: 'PILOT_REJECTED', reason: `The pilot of job ${jobId} was rejected.` };
  const [rows, bad] = [settledRows(counts), rowsNotOk(counts)];
  // Compares a quotient, because a product would be rounded: 29 of 100 rows must not be more than a share of 0.29.
  if (bad / rows > maxBad) {
    const reason = `${bad} of the ${rows} rows of the pilot of job ${jobId} are not ok, more than the allowed share of ${maxBad} (pilot.maxBad): nothing else is sent.`;
    return { state: 'failed', code: 'PILOT_FAILED', reason };
  }
  if (approvalDays === undefined) return { state: 'passed' };
  const until = since + approvalDays * MS_PER_DAY;
  if (now < until)
    return {
      state: 'waiting',
      until: new Date(until).toISOString(),
      waitSeconds: secondsToWait(since, now, until),
    };
  const reason = `Nobody approved or rejected the pilot of job ${jobId} within ${lengthOf(approvalDays)}: nothing else is sent.`;
  return { state: 'unanswered', code: 'PILOT_NOT_APPROVED', reason };
}

function lengthOf(days: number): string {
  return days < 2 ? `${days * 24} hours` : `${days} days`;
}

const MIN_SECONDS = 5;
const MAX_SECONDS = 3_600;

/**
 * Seconds until the next check for a decision: a twentieth of the time waited so far, from 5 s to an hour. A check costs 9 of the
 * execution's 25,000 events: 45 days, half of the longest job, take 1,200 checks and 11,000 events.
 */
function secondsToWait(since: number, now: number, until: number): number {
  const waited = Math.min(MAX_SECONDS, Math.max(MIN_SECONDS, Math.round((now - since) / 20_000)));
  return Math.max(1, Math.min(waited, Math.ceil((until - now) / 1_000)));
}

/** The recorded state of a pilot after the decision. */
export function judgedPilot(counts: OutcomeCounts, judgement: Judgement): Omit<Pilot, 'results'> {
  const { state } = judgement;
  return {
    state,
    rows: settledRows(counts),
    counts,
    ...('until' in judgement && { until: judgement.until }),
    ...('reason' in judgement && { reason: judgement.reason }),
  };
}
