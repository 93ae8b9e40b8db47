import type { RoundEvidence } from './read-round.ts';

/** Number of requests in the round's batch: a part of the round's requests if the provider accepts no larger file. */
export function sentOf({ upload, index }: Pick<RoundEvidence, 'upload' | 'index'>): number {
  return upload?.part?.requests ?? index.requests;
}
