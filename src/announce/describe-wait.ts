import { NO_ROWS } from '../checkpoints/outcomes.ts';
import type { Pilot } from '../checkpoints/pilot.ts';
import type { AnnouncedWait } from '../contract.ts';
import { EVENT_SOURCE } from './event-source.ts';
import type { WaitingEvent } from './waiting-event.ts';

/** A job that begins to wait. */
export interface WaitingJob extends Pick<AnnouncedWait, 'execution'> {
  readonly jobId: string;
  readonly profile: string;
  readonly pilot: Pick<Pilot, 'rows' | 'counts'>;
  readonly asks: AnnouncedWait['waits']['asks'];
}

/** The event that says that a job waits for an approval, and how to decide. Pure. */
export function describeWait({ execution, jobId, profile, pilot, asks }: WaitingJob): WaitingEvent {
  const { rows, counts = NO_ROWS } = pilot;
  return {
    source: EVENT_SOURCE,
    'detail-type': 'Job Waiting For Approval',
    detail: {
      // Names of executions have no dot, so the event of a job's end never has this id.
      id: `${execution}.waiting`,
      jobId,
      profile,
      status: 'waiting',
      pilot: { rows, counts },
      keys: { pilot: asks.results, ...(asks.report !== undefined && { report: asks.report }) },
      approve: `npx nightshift approve ${jobId}`,
      reject: `npx nightshift reject ${jobId}`,
      until: asks.until,
    },
  };
}
