import type { UploadedContext } from '../../src/contract.ts';
import type { ProviderEdges } from '../../src/edges.ts';
import type { BatchProvider } from '../../src/provider/batch-provider.ts';
import { builtInDialect, type DialectName } from '../../src/provider/dialects/dialects.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';

/** The time in seconds at which single steps are called. */
export const NOW = 1_790_000_000;

/** Edges of a single step: a provider that has only the methods that the step calls, and a clock that stands still. */
export function stepEdges(store: ObjectStore, provider: Partial<BatchProvider>, now = NOW): ProviderEdges {
  return {
    store,
    provider: () => provider as BatchProvider,
    clock: { now: () => now * 1_000 },
    random: () => 0.5,
    wait: () => Promise.resolve(),
    log: () => undefined,
  };
}

/** The input of a step for a shard whose requests are uploaded. */
export const uploadedTo = (dialect: DialectName, fileId = 'file_1'): UploadedContext => ({
  jobId: 'job-1',
  shard: 0,
  provider: { name: 'p', baseUrl: 'http://127.0.0.1:9/v1', dialect: builtInDialect(dialect) },
  polling: { minSeconds: 15, maxSeconds: 900, fraction: 0.1, graceSeconds: 3_600 },
  round: 1,
  lastRound: 4,
  fileId,
});
