import type { RoundDecision } from '../decision/decide-row.ts';
import type { RoundTotals } from './write-round.ts';
import type { RoundEvidence } from '../evidence/read-round.ts';
import { tokensRejection } from '../evidence/ended-batch.ts';
import type { Collected } from '../../../checkpoints/round/collected.ts';

/** Builds the checkpoint of a round. */
export function describeRound(
  { context, direct, batch, index }: RoundEvidence,
  { lastRound, halted, sent, sendNext, expired }: RoundDecision,
  { models, errors, ...rows }: RoundTotals,
  now: number,
): Collected {
  const { shard, round, batchId, createdAt, rejection, givenBack, gaveUp } = context;
  const { requests } = index;
  const seconds = createdAt === undefined ? undefined : Math.max(0, Math.floor(now / 1_000) - createdAt);
  const tokensRefused = tokensRejection(batch);
  const failure = gaveUp ?? rejection ?? givenBack ?? index.haltedBy;
  return {
    round,
    requests,
    ...rows,
    missing: Math.max(0, index.missing - (requests - sent)),
    duplicates: index.duplicates,
    unknown: index.unknown,
    unknownIds: index.unknownIds,
    unreadable: index.unreadable,
    ...(index.changedIds > 0 && { changedIds: index.changedIds }),
    ...(index.unreadableLines.length > 0 && { unreadableLines: index.unreadableLines }),
    usage: models.total(),
    models: models.list(),
    errors: errors.list(),
    batch: {
      shard,
      round,
      batchId,
      status: direct ? 'direct' : batch?.status,
      requests: sent,
      ...(createdAt !== undefined && { createdAt: new Date(createdAt * 1_000).toISOString() }),
      seconds,
    },
    next: halted ? 'stop' : rows.deferred > 0 ? 'retry' : 'done',
    ...(failure === undefined ? {} : { failure }),
    ...(sendNext === undefined ? {} : { sendNext }),
    ...(expired && { expired }),
    ...(tokensRefused && { tokensRefused }),
    lastRound,
  };
}
