import { batchObject, creatingObject } from '../../checkpoints/round/batch-checkpoint.ts';
import {
  uploadingObject,
  uploadName,
  uploadObject,
  type UploadCheckpoint,
} from '../../checkpoints/round/upload.ts';
import type { ProviderEdges } from '../../edges.ts';
import type { Job } from '../../checkpoints/job.ts';
import type { ShardRef } from '../../checkpoints/keys.ts';
import type { Batch, BatchProvider } from '../../provider/batch-provider.ts';
import type { ObjectStore } from '../../store/object-store.ts';

/**
 * Deletes a round's files at the provider, once all of them are in the store. Files that cannot be deleted are reported; the
 * round does not fail.
 * @returns the ids of files that are left, or their names if the provider could not list them
 */
export async function cleanProvider(
  edges: ProviderEdges,
  { profile }: Job,
  { batch, upload, twins = [] }: RoundLeavings,
): Promise<string[]> {
  if (profile.keepProviderFiles) return [];
  // A cancelled batch that is still running keeps its input file.
  if (batch?.phase === 'running') return upload?.fileId === undefined ? [] : [upload.fileId];
  const isShared = twins.some(({ phase }) => phase === 'running');
  const provider = edges.provider(profile.provider);
  const { inputs, unseen } = await inputFiles(provider, upload);
  // Deleting this file would delete the batch, which a repeated collect needs.
  const held = isShared || profile.provider.dialect.files.inputHoldsBatch === true;
  const left: string[] = [...unseen, ...(held ? inputs : [])];
  const ended = [batch, ...twins].filter((each) => each?.phase === 'ended');
  const results = ended.flatMap((each) => [each?.outputFileId, each?.errorFileId]);
  const files = new Set([...results, ...(held ? [] : inputs)]);
  for (const fileId of files) {
    if (fileId === undefined) continue;
    try {
      await provider.deleteFile(fileId);
    } catch {
      left.push(fileId);
    }
  }
  return left;
}

/** Files and batches of a round at the provider. */
export interface RoundLeavings {
  readonly batch: Batch | undefined;
  readonly upload: Uploaded | undefined;
  /** Twins of its batch. */
  readonly twins?: readonly Batch[];
}

/** The uploaded file, and further files with its name if an upload got no answer. */
async function inputFiles(provider: BatchProvider, upload: Uploaded | undefined): Promise<InputFiles> {
  const known = upload?.fileId === undefined ? [] : [upload.fileId];
  if (upload?.repeated !== true) return { inputs: known, unseen: [] };
  try {
    const named = await provider.findFiles(upload.name);
    return { inputs: [...new Set([...known, ...named.map(({ id }) => id)])], unseen: [] };
  } catch {
    return { inputs: known, unseen: [upload.name] };
  }
}

interface InputFiles {
  readonly inputs: string[];
  /** Names of files that may exist. The provider rejected the list, so this cannot be checked. */
  readonly unseen: string[];
}

/** The known uploads of a round. */
export type Uploaded = Pick<UploadCheckpoint, 'name' | 'repeated'> & { readonly fileId?: string };

/** The upload of a round without a known file: an earlier attempt without an answer may have left a file at the provider. */
export async function announcedUpload(
  store: ObjectStore,
  ref: ShardRef,
  round: number,
): Promise<Uploaded | undefined> {
  const announced = await store.stat(uploadingObject.keyOf({ ...ref, round }));
  return announced && { name: uploadName(ref, round), repeated: true };
}

/**
 * Deletes an uploaded file whose batch will not be created in this execution; a resume uploads it again. Keeps the file if a
 * create got no answer, because its batch may still appear.
 */
export async function forgetUpload(
  edges: ProviderEdges,
  job: Job,
  ref: ShardRef,
  round: number,
): Promise<void> {
  const { store } = edges;
  const at = { ...ref, round };
  const upload = await uploadObject.read(store, at);
  const creating = await creatingObject.read(store, at);
  const hasBatch = (await store.stat(batchObject.keyOf(at))) !== undefined;
  if (upload === undefined || hasBatch || (creating !== undefined && creating.at > 0)) return;
  const left = await cleanProvider(edges, job, { batch: undefined, upload });
  if (left.length > 0 || job.profile.keepProviderFiles) return;
  for (const object of [uploadObject, uploadingObject, creatingObject]) await store.delete(object.keyOf(at));
}
