import type { UnstartedJob } from './summarize-unstarted.ts';
import { startDroppedJob, type PassedOver } from './start-dropped-job.ts';
import type { StartEdges, StartedJob } from './start-job.ts';
import { startScheduledJob } from './start-scheduled-job.ts';
import { sweepInput, type Sweep } from './sweep-input.ts';

/**
 * Starts the job of an event: a scheduled time or a dropped file. A sweep event starts the jobs of files whose events were lost.
 */
export function startJobByEvent(
  edges: StartEdges,
  event: unknown,
): Promise<StartedJob | UnstartedJob | PassedOver | Sweep> {
  const has = (field: string): boolean => typeof event === 'object' && event !== null && field in event;
  if (has('sweep')) return sweepInput(edges);
  return has('schedule') ? startScheduledJob(edges, event) : startDroppedJob(edges, event);
}
