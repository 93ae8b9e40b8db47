import { shardName, type ShardRef } from '../checkpoints/keys.ts';

/** A round of a shard, and what was uploaded for it. */
export interface UploadedRound extends ShardRef {
  readonly round: number;
  readonly fileId: string;
}

/** Longest value that providers accept, in characters. */
const MAX_VALUE = 512;

/** Metadata of our batches. The file id distinguishes a round's batch from the batch of an earlier run of the same job. */
export function batchMetadata({
  jobId,
  shard,
  round,
  fileId,
}: UploadedRound): Readonly<Record<string, string>> {
  return {
    key: `${jobId}/${shardName(shard)}/${round}`,
    job: jobId,
    tool: 'nightshift',
    ...(fileId.length <= MAX_VALUE && { file: fileId }),
  };
}
