import { batchObject } from '../checkpoints/round/batch-checkpoint.ts';
import type { ShardStep } from '../checkpoints/round/collected.ts';
import type { RoundRef } from '../checkpoints/keys.ts';
import { readTwinRecords, twinsObject, type Twin } from '../checkpoints/round/twins.ts';
import { uploadObject } from '../checkpoints/round/upload.ts';
import type { ProviderEdges } from '../edges.ts';
import { isProviderError, ProviderNotFound } from '../errors.ts';
import type { Batch, BatchProvider, ProviderSettings } from '../provider/batch-provider.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { batchMetadata } from './batch-metadata.ts';

/** A shard that may have twins, and the round that it is in. */
export interface ShardInDoubt extends RoundRef {
  readonly provider: ProviderSettings;
  /** The batch that the round is collected from. */
  readonly batchId?: string;
  /** The step of a ladder; batches of earlier rounds may be at another provider. */
  readonly step?: ShardStep | undefined;
}

/** A twin as the provider lists it. */
export interface FoundTwin {
  readonly round: number;
  readonly batch: Batch;
}

/** Records that the provider may have further batches of a round besides the one that is collected. */
export async function noteDoubt(store: ObjectStore, ref: RoundRef): Promise<void> {
  await twinsObject.create(store, ref, { twins: [] });
}

/**
 * Records that a batch is a twin: it was given up because the provider no longer has it, or because another batch of its round is
 * collected instead.
 */
export async function giveUpBatch(
  store: ObjectStore,
  ref: RoundRef,
  twin: Pick<Twin, 'batchId' | 'status'>,
): Promise<void> {
  const others = (await readTwinRecords(store, ref)).filter(({ batchId }) => batchId !== twin.batchId);
  await twinsObject.write(store, ref, { twins: [...others, { ...twin, phase: 'ended', files: {} }] });
}

/** Records that the round is collected from its twin from now on. The batch that it was collected from becomes a twin. */
export async function followTwin(
  store: ObjectStore,
  { batchId, ...shard }: ShardInDoubt & { readonly status: string },
  twin: Batch,
): Promise<void> {
  const checkpoint = await batchObject.require(store, shard);
  if (batchId !== undefined) await giveUpBatch(store, shard, { batchId, status: shard.status });
  await batchObject.write(store, shard, { ...checkpoint, batchId: twin.id });
}

/**
 * Looks for the twins of a shard's batches in the complete list, those of earlier rounds included, and records their states.
 * @throws a `Provider*` error when the list cannot be read, because unseen twins may be running
 */
export async function findTwins(edges: ProviderEdges, shard: ShardInDoubt): Promise<readonly FoundTwin[]> {
  const found: FoundTwin[] = [];
  for (let round = shard.step?.from ?? 1; round <= shard.round; round += 1)
    found.push(...(await findTwinsOfRound(edges, { ...shard, round }, shard)));
  return found;
}

/** Does the same as {@link findTwins} for one round. Returns an empty list if the round can have no twins. */
export async function findTwinsOfRound(
  edges: ProviderEdges,
  of: ShardInDoubt,
  current: ShardInDoubt = of,
): Promise<readonly FoundTwin[]> {
  const isInDoubt = (await twinsObject.read(edges.store, of)) !== undefined;
  return isInDoubt ? findTwinsOf(edges, of, current) : [];
}

async function findTwinsOf(
  { store, provider: providers, log }: ProviderEdges,
  of: ShardInDoubt,
  current: ShardInDoubt,
): Promise<FoundTwin[]> {
  const { jobId, shard, round } = of;
  const provider = providers(of.provider);
  const upload = await uploadObject.read(store, of);
  if (upload === undefined) return [];
  const { fileId } = upload;
  const known = (await readTwinRecords(store, of)).filter(({ batchId }) => batchId !== current.batchId);
  const isKnown = (id: string): boolean => known.some(({ batchId }) => batchId === id);
  const collected = await batchObject.read(store, of);
  const metadata = batchMetadata({ jobId, shard, round, fileId });
  const listed = await provider.findBatches({ inputFileId: fileId, metadata });
  const twins = listed.filter(
    ({ id }) => id !== current.batchId && (id !== collected?.batchId || isKnown(id)),
  );
  const isListed = (batchId: string): boolean => twins.some(({ id }) => id === batchId);
  for (const { batchId } of known) if (!isListed(batchId)) twins.push(...(await lookById(provider, batchId)));
  const unseen = known.filter(({ batchId }) => !isListed(batchId));
  await twinsObject.write(store, of, { twins: [...unseen, ...twins.map(toTwin)] });
  for (const { id, status } of twins)
    if (!isKnown(id)) log('batch_twin_found', { jobId, shard, round, batchId: id, status });
  return twins.map((batch) => ({ round, batch }));
}

/**
 * Finds a twin that is not in the list, or that was given up because the provider no longer had it.
 * @returns at most one
 */
async function lookById(provider: BatchProvider, batchId: string): Promise<Batch[]> {
  try {
    const shown = await provider.getBatch(batchId);
    return shown.id === batchId ? [shown] : [];
  } catch (error) {
    if (!(error instanceof ProviderNotFound)) throw error;
    return [];
  }
}

function toTwin({ id, status, phase, inputFileId, outputFileId, errorFileId }: Batch): Twin {
  const files = { input: inputFileId, output: outputFileId, errors: errorFileId };
  return { batchId: id, status, phase, files };
}

/** Asks the provider to cancel the running twins. If a request fails, the next look repeats it. */
export async function cancelTwins(
  edges: ProviderEdges,
  { jobId, shard, provider }: ShardInDoubt,
  twins: readonly FoundTwin[],
): Promise<void> {
  for (const { round, batch } of twins) {
    if (batch.phase !== 'running') continue;
    const fields = { jobId, shard, round, batchId: batch.id };
    try {
      await edges.provider(provider).cancelBatch(batch.id);
      edges.log('batch_cancel_requested', fields);
    } catch (error) {
      if (!isProviderError(error)) throw error;
      edges.log('batch_cancel_failed', { ...fields, error: error.name });
    }
  }
}
