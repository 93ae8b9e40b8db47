import { createReadStream } from 'node:fs';
import type { PolledContext } from '../../src/contract.ts';
import type { ProviderEdges } from '../../src/edges.ts';
import { jobObject } from '../../src/checkpoints/job.ts';
import { planObject, type ShardPlan } from '../../src/checkpoints/plan.ts';
import type { Batch, BatchProvider } from '../../src/provider/batch-provider.ts';
import { collectResults } from '../../src/steps/collect-results.ts';
import { writeResults } from '../../src/steps/write-results.ts';
import { JOB_ID, openEdges } from './job.ts';

/**
 * The steps *Collect results*, for one shard after the other, and *Write results*: `collect <output file of shard 0> …`.
 * The provider's answers stream from local files, in chunks as an HTTP client delivers them.
 */
const outputs = process.argv.slice(2);
const CHUNK_BYTES = 65_536;
const provider: BatchProvider = {
  uploadFile: reject,
  findFile: reject,
  findFiles: reject,
  createBatch: reject,
  findBatch: reject,
  findBatches: reject,
  cancelBatch: reject,
  send: reject,
  fileBytes: () => Promise.resolve(undefined),
  deleteFile: () => Promise.resolve(),
  getBatch: (id) => Promise.resolve(batchOf(id)),
  download: (fileId) => chunksOf(outputs[Number(fileId)] ?? ''),
};
const edges: ProviderEdges = {
  ...openEdges(),
  provider: () => provider,
  wait: () => Promise.resolve(),
};
const { profile } = await jobObject.require(edges.store, JOB_ID);
const { shards } = await planObject.require(edges.store, JOB_ID);
for (const [shard, planned] of shards.entries()) await collectResults(edges, endedBatch(shard, planned));
const end = await writeResults(edges, { jobId: JOB_ID });
if (!('status' in end)) throw new Error('The step did not end.');
if (end.status !== 'succeeded') throw new Error(`The job ended as ${end.status}.`);

/** Reads ahead, as the system does for a socket while a chunk is processed. */
async function* chunksOf(file: string): AsyncGenerator<Buffer> {
  for await (const block of createReadStream(file, { highWaterMark: 1_048_576 }) as AsyncIterable<Buffer>)
    for (let at = 0; at < block.length; at += CHUNK_BYTES) yield block.subarray(at, at + CHUNK_BYTES);
}

function endedBatch(shard: number, planned: ShardPlan): PolledContext {
  return {
    jobId: JOB_ID,
    shard,
    planned,
    provider: profile.provider,
    polling: profile.polling,
    round: 1,
    lastRound: profile.rounds,
    fileId: `in-${shard}`,
    batchId: String(shard),
    createdAt: 1_789_999_000,
    deadline: 1_790_090_000,
    waitSeconds: 15,
    polls: 1,
    nextPollAt: 1_790_000_000,
    notFound: 0,
    phase: 'ended',
    status: 'succeeded',
  };
}

function reject(): never {
  throw new Error('Collect has no business here.');
}

function batchOf(id: string): Batch {
  return {
    id,
    status: 'succeeded',
    phase: 'ended',
    ending: 'succeeded',
    inputFileId: `in-${id}`,
    outputFileId: id,
    errorFileId: undefined,
    counts: undefined,
    errors: [],
    metadata: {},
    createdAt: undefined,
    expiresAt: undefined,
  };
}
