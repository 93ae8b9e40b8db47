import type { Edges, ProviderEdges } from '../edges.ts';
import type { CompletionEvent } from './completion-event.ts';
import type { WaitingEvent } from './waiting-event.ts';

/** The edges of the step that announces how a job ended, and that it waits for an approval. */
export interface AnnounceEdges extends Edges {
  readonly channels: readonly Channel[];
}

export type Announcement = CompletionEvent | WaitingEvent;

/** One way to announce a job's end, or that it waits for an approval. */
export interface Channel {
  readonly name: 'event' | 'webhook';
  /**
   * @throws AnnouncementUnavailable when it is worth another try.
   * @throws AnnouncementRejected when it is not.
   */
  tell(event: Announcement): Promise<void>;
}

/** The edges of every Task of the machine, as a host has them that runs all of them. */
export type TaskEdges = ProviderEdges & AnnounceEdges;
