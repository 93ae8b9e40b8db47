import type { BatchCheckpoint, CreateAnnouncement } from '../checkpoints/batch-checkpoint.ts';
import { roundKey, shardsPrefix } from '../checkpoints/keys.ts';
import { readRequests } from '../checkpoints/shard-part.ts';
import { uploadObject } from '../checkpoints/upload.ts';
import type { UploadedContext } from '../contract.ts';
import type { ProviderEdges } from '../edges.ts';
import { ProviderNotFound, ProviderRejected } from '../errors.ts';
import { frameLines } from '../jsonl/lines.ts';
import type { Batch } from '../provider/batch-provider.ts';
import { asWire } from '../provider/wire.ts';
import { readCustomId } from '../jsonl/custom-id.ts';
import { sideBySide } from '../side-by-side.ts';
import { readJson } from '../store/json.ts';
import type { ObjectStore } from '../store/object-store.ts';

/**
 * Finding a batch again at a provider whose batches show neither metadata nor a file (Anthropic). Which batches there were is
 * written down before a create; of those that came after it, the one with as many requests and with our ids is ours.
 */

/** What the list showed before the create; `undefined` where batches show what they were created from, or there is no list. */
export async function batchesBefore(
  edges: ProviderEdges,
  context: UploadedContext,
): Promise<readonly string[] | undefined> {
  try {
    const newest = await edges.provider(context.provider).listUnmarked?.();
    return newest?.map(({ id }) => id);
  } catch (error) {
    // The create may do all the same; a look for its batch is refused then, too.
    if (error instanceof ProviderRejected || error instanceof ProviderNotFound) return undefined;
    throw error;
  }
}

/** What was found of a lost create's batch. */
export interface Search {
  readonly batch?: Batch | undefined;
  /** Batches of which it is not known whether one of them is ours: they run, or more than one has our ids. */
  readonly candidates: readonly string[];
}

/** @returns undefined where batches show what they were created from */
export async function findUnmarked(
  edges: ProviderEdges,
  context: UploadedContext,
  { before }: CreateAnnouncement,
): Promise<Search | undefined> {
  const { store } = edges;
  const listed = await edges.provider(context.provider).listUnmarked?.(new Set(before));
  if (listed === undefined) return undefined;
  const customIds = await readCustomIds(store, context);
  const others = await batchesOfJob(store, context);
  // A batch that does not say how many requests it has may be ours all the same: its results tell.
  const possible = listed.filter(
    ({ id, counts }) => (counts === undefined || counts.total === customIds.size) && !others.has(id),
  );
  const ours: Batch[] = [];
  const unclear: Batch[] = [];
  for (const batch of possible) {
    const whose = await whoseBatch(edges, context, batch, customIds);
    // An earlier run of the same rows has the same ids.
    if (whose === 'unclear' || (whose === 'ours' && before === undefined)) unclear.push(batch);
    else if (whose === 'ours') ours.push(batch);
  }
  if (ours.length === 1) return { batch: ours[0], candidates: [] };
  return { candidates: [...ours, ...unclear].map(({ id }) => id) };
}

async function readCustomIds(store: ObjectStore, context: UploadedContext): Promise<ReadonlySet<string>> {
  const upload = await uploadObject.read(store, context);
  const key = roundKey(context, context.round, 'requests.jsonl');
  const ids = new Set<string>();
  for await (const lines of frameLines(readRequests(store, key, upload?.part?.bytes), MAX_LINE_BYTES))
    for (const { bytes } of lines) if (bytes !== undefined) ids.add(readCustomId(bytes));
  return ids;
}

/** Batches that are known to be of a round of this job. */
async function batchesOfJob(store: ObjectStore, { jobId }: UploadedContext): Promise<ReadonlySet<string>> {
  const keys: string[] = [];
  for await (const { key } of store.list(shardsPrefix(jobId)))
    if (key.endsWith('.batch.json')) keys.push(key);
  const known = await sideBySide(keys, (key) => readJson<BatchCheckpoint>(store, key));
  return new Set(known.flatMap((checkpoint) => checkpoint?.batchId ?? []));
}

/**
 * Whose batch it is. A batch has one line for each of its requests: where it says how many those are, one line tells, else all
 * of them.
 */
async function whoseBatch(
  edges: ProviderEdges,
  context: UploadedContext,
  { outputFileId, counts }: Batch,
  customIds: ReadonlySet<string>,
): Promise<'ours' | 'of others' | 'unclear'> {
  if (outputFileId === undefined) return 'unclear';
  const found = new Set<string>();
  const results = edges.provider(context.provider).download(outputFileId);
  for await (const lines of frameLines(results, MAX_LINE_BYTES)) {
    for (const { bytes } of lines) {
      const id = bytes && readId(bytes);
      if (id === undefined) continue;
      if (!customIds.has(id)) return 'of others';
      if (counts !== undefined) return 'ours';
      found.add(id);
    }
  }
  // Results of which nothing can be read say nothing of whose they are.
  return found.size === customIds.size ? 'ours' : 'unclear';
}

function readId(bytes: Buffer): string | undefined {
  try {
    const id = asWire(JSON.parse(bytes.toString('utf8')))?.['custom_id'];
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}

/** Longer than any line of results. */
const MAX_LINE_BYTES = 512 * 1_048_576;
