import type { Edges, ProviderEdges } from '../edges.ts';
import type { CompletionEvent } from './completion-event.ts';

/** The edges of the step that announces how a job ended. */
export interface AnnounceEdges extends Edges {
  readonly channels: readonly Channel[];
}

/** One way to tell others of a job's end. */
export interface Channel {
  readonly name: 'event' | 'webhook';
  /**
   * @throws AnnouncementUnavailable when it is worth another try.
   * @throws AnnouncementRejected when it is not.
   */
  tell(event: CompletionEvent): Promise<void>;
}

/** The edges of every Task of the machine, as a host has them that runs all of them. */
export type TaskEdges = ProviderEdges & AnnounceEdges;
