import type { RoundEvidence } from './read-round.ts';

/** How many requests the round's batch has: a part of the round's, where the provider takes no larger file. */
export function sentOf({ upload, index }: Pick<RoundEvidence, 'upload' | 'index'>): number {
  return upload?.part?.requests ?? index.requests;
}
