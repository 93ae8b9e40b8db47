import type { Edges, ProviderEdges } from '../edges.ts';
import type { CompletionEvent } from './completion-event.ts';
import type { WaitingEvent } from './waiting-event.ts';

/** The edges of the step that announces the end of a job, or that a job begins to wait for an approval. */
export interface AnnounceEdges extends Edges {
  readonly channels: readonly Channel[];
}

export type Announcement = CompletionEvent | WaitingEvent;

/** A channel that announces a job's end, such as an event bus or a webhook. */
export interface Channel {
  readonly name: 'event' | 'webhook';
  /**
   * Announces an event.
   * @throws AnnouncementUnavailable when a retry may succeed.
   * @throws AnnouncementRejected when no retry can succeed.
   */
  deliver(event: Announcement): Promise<void>;
}

/** The edges of all Tasks of the state machine, for a host that runs every Task. */
export type TaskEdges = ProviderEdges & AnnounceEdges;
