import type { DirectContext, ShardContext, UploadedContext } from '../contract.ts';
import type { ProviderEdges } from '../edges.ts';
import { InvalidInput } from '../errors.ts';
import type { Job } from '../job.ts';
import { jobKey, roundKey } from '../checkpoints/keys.ts';
import type { BatchProvider, ProviderFile } from '../provider/batch-provider.ts';
import { partToUpload, readRequests, uploadName, type UploadCheckpoint } from '../checkpoints/shard-part.ts';
import { findRound, isDirectRound, type ShardRound } from '../checkpoints/shard-rounds.ts';
import { refuseWhenStopped } from '../checkpoints/stop.ts';
import { readJson, requireJson, writeJson } from '../store/json.ts';

/**
 * Uploads the round's request lines, once: a checkpoint answers for an upload that was made before, and one whose
 * answer was lost is found again by its name. A provider that found an earlier file too large gets a first part.
 * A round that is sent row by row has no file, and goes on to *Send direct*.
 */
export async function uploadFile(
  edges: ProviderEdges,
  context: ShardContext,
): Promise<UploadedContext | DirectContext> {
  const { store, log } = edges;
  const at = await currentRound(edges, context);
  const { round } = at;
  const { profile } = await requireJson<Job>(store, jobKey(context.jobId));
  if (await isDirectRound(store, profile, context, round)) {
    const createdAt = Math.floor(edges.clock.now() / 1_000);
    return { ...context, ...at, direct: true, createdAt, polls: 0, stalled: 0 };
  }
  const uploaded = { ...context, ...at };
  const checkpoint = roundKey(context, round, 'upload.json');
  const known = await readJson<UploadCheckpoint>(store, checkpoint);
  if (known !== undefined) return { ...uploaded, fileId: known.fileId };

  await refuseWhenStopped(store, context);
  const { jobId, shard } = context;
  const upload = await makeUpload(edges, context, round);
  await writeJson(store, checkpoint, upload);
  log('file_uploaded', { jobId, shard, round, fileId: upload.fileId, requests: upload.part?.requests });
  return { ...uploaded, fileId: upload.fileId };
}

async function currentRound(
  { store }: ProviderEdges,
  context: ShardContext,
): Promise<ShardRound> {
  const { round, lastRound } = context;
  return round === undefined || lastRound === undefined ? findRound(store, context) : { round, lastRound };
}

async function makeUpload(
  edges: ProviderEdges,
  context: ShardContext,
  round: number,
): Promise<UploadCheckpoint> {
  const { store } = edges;
  const { jobId, shard } = context;
  const provider = edges.provider(context.provider);
  const key = roundKey(context, round, 'requests.jsonl');
  const requests = await store.stat(key);
  if (requests === undefined) {
    throw new InvalidInput(`Shard ${shard} of job ${jobId} has no ${store.locate(key)}.`);
  }
  const part = await partToUpload(store, context, round);
  const bytes = part?.bytes ?? requests.bytes;
  const name = uploadName(context, round);
  // An upload is announced before it starts: only an announced one can have been lost, and is worth a search.
  const first = await store.createIfAbsent(roundKey(context, round, 'uploading.json'), '{}\n');
  const lost = first ? undefined : await findLost(provider, name, bytes);
  const file =
    lost ?? (await provider.uploadFile({ name, bytes, open: () => readRequests(store, key, bytes) }));
  return { fileId: file.id, name, part, repeated: !first || file.repeated === true };
}

async function findLost(
  provider: BatchProvider,
  name: string,
  bytes: number,
): Promise<ProviderFile | undefined> {
  const found = await provider.findFile(name);
  return found !== undefined && (found.bytes ?? bytes) === bytes ? found : undefined;
}
