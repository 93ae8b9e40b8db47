import type { ProviderEdges } from '../../edges.ts';
import type { Collected } from '../../checkpoints/collected.ts';
import type { Batch } from '../../provider/batch-provider.ts';
import type { CollectedRound, FoundFacts } from './round-facts.ts';
import type { RoundIndex } from './round-index.ts';
import type { Written } from './write-round.ts';

/** A round as its checkpoint tells it. */
export function describeRound(
  { clock }: ProviderEdges,
  { shard, round, batchId, createdAt, refusal, givenBack, direct }: CollectedRound,
  batch: Batch | undefined,
  index: RoundIndex,
  { lastRound, halted, sent, sendNext }: FoundFacts,
  { models, errors, ...rows }: Written,
): Collected {
  const { requests } = index;
  const seconds =
    createdAt === undefined ? undefined : Math.max(0, Math.floor(clock.now() / 1_000) - createdAt);
  const failure = refusal ?? givenBack ?? index.haltedBy;
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
    lastRound,
  };
}
