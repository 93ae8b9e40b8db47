import type { BatchCheckpoint, CreateAnnouncement } from '../checkpoints/round/batch-checkpoint.ts';
import { JOBS_PREFIX, roundKey } from '../checkpoints/keys.ts';
import { readRequests } from '../checkpoints/round/requests.ts';
import { uploadObject } from '../checkpoints/round/upload.ts';
import type { UploadedContext } from '../contract.ts';
import type { ProviderEdges } from '../edges.ts';
import { ProviderNotFound, ProviderRejected } from '../errors.ts';
import { foldedId } from '../jsonl/folded-id.ts';
import { frameLines } from '../jsonl/lines.ts';
import type { Batch } from '../provider/batch-provider.ts';
import { asWire } from '../provider/wire.ts';
import { readCustomId } from '../jsonl/custom-id.ts';
import { sideBySide } from '../concurrency/side-by-side.ts';
import { readJson } from '../store/json.ts';
import type { ObjectStore } from '../store/object-store.ts';

/**
 * Finds a batch again at a provider whose batches show neither metadata nor a file (Anthropic). The existing batches are
 * recorded before a create. Of the batches that are created later, ours is the one with the same number of requests and with
 * our ids.
 */

/** The batches listed before the create; `undefined` if batches show what they were created from, or cannot be listed. */
export async function batchesBefore(
  edges: ProviderEdges,
  context: UploadedContext,
): Promise<readonly string[] | undefined> {
  try {
    const newest = await edges.provider(context.provider).listUnmarked?.();
    return newest?.map(({ id }) => id);
  } catch (error) {
    // The create may work even if the provider rejects listing. A later search for its batch is then rejected as well.
    if (error instanceof ProviderRejected || error instanceof ProviderNotFound) return undefined;
    throw error;
  }
}

/** Result of the search for the batch of a lost create. */
export interface Search {
  readonly batch?: Batch | undefined;
  /** Batches that may be ours: they are still running, or more than one has our ids. */
  readonly candidates: readonly string[];
}

/**
 * Finds the batch of a lost create by the number and the ids of its requests, at a provider whose batches do not show their file.
 * @returns undefined if batches show what they were created from
 */
export async function findUnmarked(
  edges: ProviderEdges,
  context: UploadedContext,
  { before }: CreateAnnouncement,
): Promise<Search | undefined> {
  const { store } = edges;
  const listed = await edges.provider(context.provider).listUnmarked?.(new Set(before));
  if (listed === undefined) return undefined;
  const customIds = await readCustomIds(store, context);
  // A batch that does not report its number of requests may be ours as well: its results decide.
  const possible = listed.filter(({ counts }) => counts === undefined || counts.total === customIds.size);
  const others = possible.length === 0 ? NONE : await recordedBatches(store);
  const ours: Batch[] = [];
  const unclear: Batch[] = [];
  for (const batch of possible.filter(({ id }) => !others.has(id))) {
    const whose = await whoseBatch(edges, context, batch, customIds);
    // An earlier run of the same rows has the same ids.
    if (whose === 'unclear' || (whose === 'ours' && before === undefined)) unclear.push(batch);
    else if (whose === 'ours') ours.push(batch);
  }
  if (ours.length === 1) return { batch: ours[0], candidates: [] };
  return { candidates: [...ours, ...unclear].map(({ id }) => id) };
}

const NONE: ReadonlySet<string> = new Set();

async function readCustomIds(store: ObjectStore, context: UploadedContext): Promise<ReadonlySet<string>> {
  const upload = await uploadObject.read(store, context);
  const key = roundKey(context, context.round, 'requests.jsonl');
  const ids = new Set<string>();
  for await (const lines of frameLines(readRequests(store, key, upload?.part?.bytes), MAX_LINE_BYTES))
    for (const { bytes } of lines) if (bytes !== undefined) ids.add(readCustomId(bytes));
  return ids;
}

/**
 * The batches that are recorded for a round of this or another job. They are excluded, because generated ids are the same in
 * every job. The list is long, and read only after a create was lost.
 */
async function recordedBatches(store: ObjectStore): Promise<ReadonlySet<string>> {
  const keys: string[] = [];
  for await (const { key } of store.list(JOBS_PREFIX)) if (key.endsWith('.batch.json')) keys.push(key);
  const known = await sideBySide(keys, (key) => readJson<BatchCheckpoint>(store, key));
  return new Set(known.flatMap((checkpoint) => checkpoint?.batchId ?? []));
}

/** Result lines to compare if a batch reports its number of requests. */
const COMPARED_LINES = 1_000;

/**
 * Decides whether a batch is ours, by the ids of its results. Providers may have changed these ids. A batch has one line per
 * request. If it reports their number, some lines are enough; otherwise all lines are compared.
 */
async function whoseBatch(
  edges: ProviderEdges,
  context: UploadedContext,
  { outputFileId, counts }: Batch,
  customIds: ReadonlySet<string>,
): Promise<'ours' | 'of others' | 'unclear'> {
  if (outputFileId === undefined) return 'unclear';
  const ours = new Set([...customIds].map(foldedId));
  const found = new Set<string>();
  let strangers = 0;
  const results = edges.provider(context.provider).download(outputFileId);
  for await (const id of idsOf(results)) {
    if (ours.has(foldedId(id))) found.add(id);
    else strangers += 1;
    if (found.size + strangers > customIds.size) return 'of others';
    if (counts !== undefined && found.size + strangers >= COMPARED_LINES) break;
  }
  if (found.size === 0) return strangers === 0 ? 'unclear' : 'of others';
  // A batch with some of our ids may belong to another run of some of these rows.
  const isWhole = counts !== undefined || found.size === customIds.size;
  return strangers === 0 && isWhole ? 'ours' : 'unclear';
}

/** The ids of result lines. Unreadable lines are skipped. */
async function* idsOf(results: AsyncIterable<Uint8Array>): AsyncGenerator<string, undefined> {
  for await (const lines of frameLines(results, MAX_LINE_BYTES)) {
    for (const { bytes } of lines) {
      const id = bytes && readId(bytes);
      if (id !== undefined) yield id;
    }
  }
  return undefined;
}

function readId(bytes: Buffer): string | undefined {
  try {
    const id = asWire(JSON.parse(bytes.toString('utf8')))?.['custom_id'];
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}

/** Longest line that is read, in bytes: longer than any result line. */
const MAX_LINE_BYTES = 512 * 1_048_576;
