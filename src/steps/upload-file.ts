import type { ShardContext, UploadedContext } from '../contract.ts';
import type { Edges } from '../edges.ts';
import { InvalidInput } from '../errors.ts';
import { roundKey, shardName } from '../keys.ts';
import type { BatchProvider, ProviderFile } from '../provider/batch-provider.ts';
import { findRound } from '../shard-rounds.ts';
import { refuseWhenStopped } from '../stop.ts';
import { readJson, writeJson } from '../store/json.ts';

/** `round-<r>.upload.json`. */
interface Upload {
  readonly fileId: string;
}

/**
 * Uploads the round's request lines, once: a checkpoint answers for an upload that was made before, and one whose
 * answer was lost is found again by its name.
 */
export async function uploadFile(edges: Edges, context: ShardContext): Promise<UploadedContext> {
  const { round, lastRound } = await currentRound(edges, context);
  const uploaded = { ...context, round, lastRound };
  const checkpoint = roundKey(context, round, 'upload.json');
  const known = await readJson<Upload>(edges.store, checkpoint);
  if (known !== undefined) return { ...uploaded, fileId: known.fileId };

  await refuseWhenStopped(edges.store, context);
  const file = await upload(edges, context, round);
  await writeJson(edges.store, checkpoint, { fileId: file.id } satisfies Upload);
  edges.log('file_uploaded', { jobId: context.jobId, shard: context.shard, round, fileId: file.id });
  return { ...uploaded, fileId: file.id };
}

async function currentRound(
  { store }: Edges,
  context: ShardContext,
): Promise<{ round: number; lastRound: number }> {
  const { round, lastRound } = context;
  return round === undefined || lastRound === undefined ? findRound(store, context) : { round, lastRound };
}

async function upload(edges: Edges, context: ShardContext, round: number): Promise<ProviderFile> {
  const { store } = edges;
  const provider = edges.provider(context.provider);
  const key = roundKey(context, round, 'requests.jsonl');
  const requests = await store.open(key);
  if (requests === undefined) {
    throw new InvalidInput(`Shard ${context.shard} of job ${context.jobId} has no ${store.locate(key)}.`);
  }
  requests.close();
  const name = `${context.jobId}-${shardName(context.shard)}-r${round}.jsonl`;
  const lost = await findLostUpload(edges, context, round, provider, name, requests.bytes);
  if (lost !== undefined) return lost;
  return provider.uploadFile({ name, bytes: requests.bytes, open: () => readObject(edges, key) });
}

/**
 * An upload is announced in the store before it starts. Only when it had been announced before can there be a file
 * whose answer was lost, so only then is the provider's list searched.
 */
async function findLostUpload(
  { store }: Edges,
  context: ShardContext,
  round: number,
  provider: BatchProvider,
  name: string,
  bytes: number,
): Promise<ProviderFile | undefined> {
  if (await store.createIfAbsent(roundKey(context, round, 'uploading.json'), '{}\n')) return undefined;
  const found = await provider.findFile(name);
  return found !== undefined && (found.bytes === undefined || found.bytes === bytes) ? found : undefined;
}

async function* readObject({ store }: Edges, key: string): AsyncGenerator<Buffer> {
  const object = await store.open(key);
  if (object === undefined) throw new InvalidInput(`${store.locate(key)} is gone.`);
  yield* object.body;
}
