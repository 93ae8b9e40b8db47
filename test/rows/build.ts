import { createRequests } from '../../src/steps/create-requests.ts';
import { builtInDialect } from '../../src/provider/dialects/dialects.ts';
import type { Job } from '../../src/checkpoints/job.ts';
import type { Plan } from '../../src/checkpoints/plan.ts';
import type { ResolvedProfile, ShardLimits } from '../../src/checkpoints/profile.ts';
import { roundKey } from '../../src/checkpoints/keys.ts';
import type { RequestHash } from '../../src/reuse/request-hash.ts';
import { buildShards } from '../../src/rows/build-shards.ts';
import type { UniqueIds } from '../../src/rows/ids/unique-ids.ts';
import { createMemoryStore } from '../support/memory-store.ts';

const JOB_ID = 'job-1';
const WIDE: ShardLimits = { maxBytes: 1_000_000, maxRows: 1_000 };

export interface Built {
  readonly plan: Plan;
  /** The ids of a shard's first round, or the lines of a file of a round. */
  readonly lines: (
    shard: number,
    round: number,
    file: 'requests.jsonl' | 'results.jsonl' | 'dead-letters.jsonl',
  ) => Promise<string[]>;
}

export interface BuildOptions {
  readonly name?: string;
  readonly limits?: ShardLimits;
  readonly strict?: boolean;
  readonly profile?: Partial<ResolvedProfile>;
  readonly createIds?: (seed: number) => UniqueIds;
  readonly createHash?: (seed: number) => RequestHash;
}

/** Builds the shards of a job with one file, in its own store. */
export async function build(
  content: string | Buffer | AsyncIterable<Buffer>,
  {
    name = 'rows.jsonl',
    limits = WIDE,
    strict = false,
    profile = {},
    createIds,
    createHash,
  }: BuildOptions = {},
): Promise<Built> {
  const store = createMemoryStore();
  const key = `input/${name}`;
  const file = store.write(key);
  for await (const chunk of typeof content === 'string' || Buffer.isBuffer(content) ? [content] : content)
    await file.write(chunk);
  await file.close();
  const plan = await buildShards(store, jobOf(key, limits, strict, profile), {
    createIds,
    createHash,
    createRequests,
  });
  return {
    plan,
    async lines(shard, round, file) {
      const text = (await store.get(roundKey({ jobId: JOB_ID, shard }, round, file)))?.toString('utf8');
      return text === undefined ? [] : text.split('\n').slice(0, -1);
    },
  };
}

function jobOf(
  key: string,
  shardLimits: ShardLimits,
  strict: boolean,
  profile: Partial<ResolvedProfile>,
): Job {
  return {
    jobId: JOB_ID,
    inputs: [{ key }],
    createdAt: '2026-11-01T00:00:00.000Z',
    profile: profileOf({ strict, shardLimits, ...profile }),
  };
}

export function profileOf(profile: Partial<ResolvedProfile>): ResolvedProfile {
  return {
    name: 'default',
    provider: { name: 'p', baseUrl: 'http://127.0.0.1:9/v1', dialect: builtInDialect('melious') },
    endpoint: '/v1/chat/completions',
    model: 'm',
    body: {},
    strict: false,
    rounds: 4,
    retryWaitSeconds: 60,
    retriableCodes: [],
    completionWindow: '24h',
    shardLimits: WIDE,
    polling: { minSeconds: 15, maxSeconds: 900, fraction: 0.1, graceSeconds: 3_600 },
    resultShape: 'compact',
    budget: {},
    keepProviderFiles: false,
    ...profile,
  };
}
