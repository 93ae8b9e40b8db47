import { roundKey, shardName, type RoundRef, type ShardRef } from '../keys.ts';
import { storedObject } from '../stored-object.ts';

/** The first part of a round's request lines: what one uploaded file holds. */
export interface RoundPart {
  /** Whole lines. */
  readonly requests: number;
  readonly bytes: number;
}

/** `round-<r>.upload.json`. */
export interface UploadCheckpoint {
  readonly fileId: string;
  /** The file's name at the provider. */
  readonly name: string;
  /** Set when the file holds only the round's first requests. */
  readonly part?: RoundPart | undefined;
  /** An upload got no answer before this one: there may be another file of the name. */
  readonly repeated: boolean;
}

/** A round's file at the provider. */
export function uploadName({ jobId, shard }: ShardRef, round: number): string {
  return `${jobId}-${shardName(shard)}-r${round}.jsonl`;
}

/** The file that was uploaded. */
export const uploadObject = storedObject<UploadCheckpoint, RoundRef>((ref) =>
  roundKey(ref, ref.round, 'upload.json'),
);

/** An upload may be on its way. */
export const uploadingObject = storedObject<Readonly<Record<string, never>>, RoundRef>((ref) =>
  roundKey(ref, ref.round, 'uploading.json'),
);
