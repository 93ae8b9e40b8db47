import { announcedObject } from '../checkpoints/announced.ts';
import { describeEnd } from '../announce/describe-end.ts';
import { describeWait } from '../announce/describe-wait.ts';
import type { AnnounceContext, AnnouncedEnd, AnnouncedWait } from '../contract.ts';
import type { AnnounceEdges, Announcement, Channel } from '../announce/channel.ts';
import { bounded, failureFromCatch } from '../errors.ts';
import { jobObject } from '../checkpoints/job.ts';
import { approvalObject, pilotObject } from '../checkpoints/pilot.ts';
import { summaryObject } from '../checkpoints/summary.ts';

/**
 * Announces a job's end, or that it waits for an approval, on each channel, once per execution. A failed channel does not stop
 * the others; the state machine's Retry repeats it. A wait that has ended is not announced any more.
 */
export async function announceJob(edges: AnnounceEdges, context: AnnounceContext): Promise<object> {
  const { execution, unannounced } = context;
  if (unannounced !== undefined) {
    const { jobId } = 'end' in context ? context.end : context.waits;
    const { name, message } = failureFromCatch(unannounced);
    edges.log('job_not_announced', { jobId, execution, error: name, reason: bounded(message) });
    return {};
  }
  // A person decided while a channel failed.
  if ('waits' in context && (await isDecided(edges, context))) return {};
  const event = 'end' in context ? await readEnd(edges, context) : await readWait(edges, context);
  const failures: unknown[] = [];
  for (const channel of edges.channels) {
    await tellOnce(edges, channel, event).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
  return {};
}

async function readEnd(
  { store, clock }: AnnounceEdges,
  { execution, end }: AnnouncedEnd,
): Promise<Announcement> {
  const { jobId } = end;
  // Without a status *Write results* has failed, and an existing summary belongs to an earlier end.
  const summary = end.status === undefined ? undefined : await summaryObject.require(store, jobId);
  const job = summary === undefined ? await jobObject.read(store, jobId) : undefined;
  const profile = summary?.profile ?? job?.profile.name;
  return describeEnd({ execution, end, summary, profile, endedAt: new Date(clock.now()) });
}

async function readWait(
  { store }: AnnounceEdges,
  { execution, waits: { jobId, asks } }: AnnouncedWait,
): Promise<Announcement> {
  const { profile } = await jobObject.require(store, jobId);
  const pilot = await pilotObject.require(store, jobId);
  return describeWait({ execution, jobId, profile: profile.name, pilot, asks });
}

async function isDecided({ store }: AnnounceEdges, { waits }: AnnouncedWait): Promise<boolean> {
  return (await approvalObject.read(store, waits.jobId)) !== undefined;
}

async function tellOnce(
  { store, clock, log }: AnnounceEdges,
  channel: Channel,
  event: Announcement,
): Promise<void> {
  const { id, jobId, status } = event.detail;
  const announcement = { jobId, execution: id, channel: channel.name };
  if ((await announcedObject.read(store, announcement)) !== undefined) return;
  await channel.deliver(event);
  log('job_announced', { jobId, execution: id, status, channel: channel.name });
  await announcedObject.write(store, announcement, { at: new Date(clock.now()).toISOString() });
}
