import type { UnstartedJob } from './leave-unstarted.ts';
import { startDroppedJob, type PassedOver } from './start-dropped-job.ts';
import type { StartEdges, StartedJob } from './start-job.ts';
import { startScheduledJob } from './start-scheduled-job.ts';

/** Starts the job of an event: a schedule's time has come, or a file was dropped. */
export function startJobByEvent(
  edges: StartEdges,
  event: unknown,
): Promise<StartedJob | UnstartedJob | PassedOver> {
  const isScheduled = typeof event === 'object' && event !== null && 'schedule' in event;
  return isScheduled ? startScheduledJob(edges, event) : startDroppedJob(edges, event);
}
