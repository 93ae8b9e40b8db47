import { announcedObject } from '../checkpoints/announced.ts';
import { describeEnd } from '../announce/describe-end.ts';
import type { CompletionEvent } from '../announce/completion-event.ts';
import type { AnnounceContext } from '../contract.ts';
import type { AnnounceEdges, Channel } from '../announce/channel.ts';
import { bounded, failureFromCatch } from '../errors.ts';
import { jobObject } from '../checkpoints/job.ts';
import { summaryObject } from '../checkpoints/summary.ts';

/**
 * Announces a job's end on each channel, once per execution. A failed channel does not stop the others; the machine's Retry
 * repeats it.
 */
export async function announceJob(edges: AnnounceEdges, context: AnnounceContext): Promise<object> {
  const { execution, end, unannounced } = context;
  if (unannounced !== undefined) {
    const { name, message } = failureFromCatch(unannounced);
    edges.log('job_not_announced', { jobId: end.jobId, execution, error: name, reason: bounded(message) });
    return {};
  }
  const event = await readEnd(edges, context);
  const failures: unknown[] = [];
  for (const channel of edges.channels) {
    await tellOnce(edges, channel, event).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
  return {};
}

async function readEnd(
  { store, clock }: AnnounceEdges,
  { execution, end }: AnnounceContext,
): Promise<CompletionEvent> {
  const { jobId } = end;
  // Without a status *Write results* has failed, and an existing summary belongs to an earlier end.
  const summary = end.status === undefined ? undefined : await summaryObject.require(store, jobId);
  const job = summary === undefined ? await jobObject.read(store, jobId) : undefined;
  const profile = summary?.profile ?? job?.profile.name;
  return describeEnd({ execution, end, summary, profile, endedAt: new Date(clock.now()) });
}

async function tellOnce(
  { store, clock, log }: AnnounceEdges,
  channel: Channel,
  event: CompletionEvent,
): Promise<void> {
  const { id, jobId, status } = event.detail;
  const announcement = { jobId, execution: id, channel: channel.name };
  if ((await announcedObject.read(store, announcement)) !== undefined) return;
  await channel.tell(event);
  log('job_announced', { jobId, execution: id, status, channel: channel.name });
  await announcedObject.write(store, announcement, { at: new Date(clock.now()).toISOString() });
}
