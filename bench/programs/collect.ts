/** collect.ts <store> <folder of the provider's files> <shards>: collects every shard's first round. */
import { createReadStream, statSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchProvider } from '../../src/provider/batch-provider.ts';
import { collectResults } from '../../src/steps/collect-results.ts';
import type { Job } from '../../src/job.ts';
import { jobKey } from '../../src/keys.ts';
import { requireJson } from '../../src/store/json.ts';
import { openStore } from '../../src/store/open-store.ts';
import { JOB_ID } from './job-id.ts';
import { tellUsage } from './tell-usage.ts';

tellUsage();

const [store = '', folder = '', shards = ''] = process.argv.slice(2);
const { profile } = await requireJson<Job>(openStore(store), jobKey(JOB_ID));

/** A provider whose files are on this disk: the network is not what is measured. */
function providerOf(shard: number): BatchProvider {
  const file = join(folder, `output-${shard}.jsonl`);
  return {
    getBatch: () =>
      Promise.resolve({
        id: 'b',
        status: 'succeeded',
        phase: 'ended',
        ending: 'succeeded',
        inputFileId: 'i',
        outputFileId: 'o',
        errorFileId: undefined,
        counts: undefined,
        errors: [],
        metadata: {},
        createdAt: undefined,
        expiresAt: undefined,
      }),
    fileBytes: () => Promise.resolve(statSync(file).size),
    download: () => createReadStream(file) as AsyncIterable<Buffer>,
  } as Partial<BatchProvider> as BatchProvider;
}

if (!(Number(shards) > 0)) throw new Error(`"${shards}" is no number of shards.`);
for (let shard = 0; shard < Number(shards); shard += 1) {
  const edges = {
    store: openStore(store),
    provider: () => providerOf(shard),
    clock: { now: () => 1_790_000_000_000 },
    random: () => 0.5,
    log: () => undefined,
  };
  await collectResults(edges, {
    jobId: JOB_ID,
    shard,
    provider: profile.provider,
    polling: profile.polling,
    round: 1,
    lastRound: 1,
    fileId: 'i',
    batchId: 'b',
    createdAt: 1_789_999_000,
    deadline: 1_799_999_999,
    waitSeconds: 1,
    polls: 1,
    notFound: 0,
    nextPollAt: 1_790_000_000,
    phase: 'ended',
    status: 'succeeded',
  });
}
