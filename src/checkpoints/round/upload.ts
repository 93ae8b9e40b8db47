import { roundKey, shardName, type RoundRef, type ShardRef } from '../keys.ts';
import { storedObject } from '../stored-object.ts';

/** The first requests of a round that go into one uploaded file. */
export interface RoundPart {
  /** Number of whole lines. */
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
  /** An earlier upload got no answer, so another file with this name may exist. */
  readonly repeated: boolean;
}

/** Name of a round's file at the provider. */
export function uploadName({ jobId, shard }: ShardRef, round: number): string {
  return `${jobId}-${shardName(shard)}-r${round}.jsonl`;
}

/** The file that was uploaded. */
export const uploadObject = storedObject<UploadCheckpoint, RoundRef>((ref) =>
  roundKey(ref, ref.round, 'upload.json'),
);

/** Written before an upload: it shows that an upload may have been sent. */
export const uploadingObject = storedObject<Readonly<Record<string, never>>, RoundRef>((ref) =>
  roundKey(ref, ref.round, 'uploading.json'),
);
