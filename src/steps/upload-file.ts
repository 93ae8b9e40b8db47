import {
  uploadingObject,
  uploadName,
  uploadObject,
  type UploadCheckpoint,
} from '../checkpoints/round/upload.ts';
import type { DirectContext, SettledContext, ShardContext, UploadedContext } from '../contract.ts';
import type { ProviderEdges } from '../edges.ts';
import { collectedObject } from '../checkpoints/round/collected.ts';
import { jobObject, type Job } from '../checkpoints/job.ts';
import { roundKey } from '../checkpoints/keys.ts';
import { readShardPlan, type PlannedShard } from '../checkpoints/plan.ts';
import { contextAtStep, jobAtStep } from '../ladder/step-of-round.ts';
import { bytesThatFit, roomLimitsOf } from '../batches/room-limits.ts';
import { readRoom } from '../checkpoints/room.ts';
import { tokensOfPart } from '../spending/estimate.ts';
import { hasLimits, limitsOf } from '../spending/limits.ts';
import { wholeRequests } from '../collect/round/evidence/rewrite-requests.ts';
import { requireOtherFiles } from '../checkpoints/shard/other-files.ts';
import { lookForTwins } from './look-for-twins.ts';
import { uploadWhole } from './upload-whole.ts';
import { batchObject } from '../checkpoints/round/batch-checkpoint.ts';
import { reserveRound } from '../spending/reserve-round.ts';
import type { BatchProvider, ProviderFile } from '../provider/batch-provider.ts';
import { partToUpload, readRequests } from '../checkpoints/round/requests.ts';
import { currentRound, isDirectRound, type ShardRound } from '../checkpoints/shard/shard-rounds.ts';
import { rejectWhenStopped } from '../checkpoints/stop.ts';

/**
 * Uploads the round's request lines once. If the checkpoint exists, it returns that upload. If the answer to an earlier upload
 * was lost, it finds the file by its name. If the provider rejected an earlier file as too large, it uploads a first part. A
 * round that is sent direct has no file and continues with *Send direct*.
 */
export async function uploadFile(
  edges: ProviderEdges,
  asked: ShardContext,
): Promise<UploadedContext | DirectContext | SettledContext> {
  const { store, log } = edges;
  if (asked.planned?.look === true) {
    await lookForTwins(edges, asked);
    return { ...asked, settled: true };
  }
  const at = await currentRound(store, asked);
  const { round } = at;
  const job = jobAtStep(await jobObject.require(store, asked.jobId), at.step);
  const context = contextAtStep(asked, job, at.step);
  if (await isDirectRound(store, job.profile, context, round)) {
    await requireWhole(edges, job, context, round);
    await reserve(edges, job, context, round);
    const createdAt = Math.floor(edges.clock.now() / 1_000);
    return { ...context, ...at, direct: true, createdAt, polls: 0, stalled: 0 };
  }
  const uploaded = { ...context, ...at };
  const known = await uploadObject.read(store, uploaded);
  if (known !== undefined) {
    // An existing batch is paid for, so the budget does not apply to it.
    if (hasLimits(limitsOf(job.profile)) && (await batchObject.read(store, uploaded)) === undefined)
      await reserve(edges, job, context, round);
    return { ...uploaded, fileId: known.fileId };
  }
  await rejectWhenStopped(store, context);
  await reserve(edges, job, context, round);
  const { jobId, shard } = context;
  const upload = await makeUpload(edges, job, context, round);
  await uploadObject.write(store, uploaded, upload);
  log('file_uploaded', { jobId, shard, round, fileId: upload.fileId, requests: upload.part?.requests });
  return { ...uploaded, fileId: upload.fileId };
}

/** Reserves what the round may cost, if the job has a budget in money. */
async function reserve(
  edges: ProviderEdges,
  job: Job,
  { jobId, shard, planned, step }: PlannedShard & Pick<ShardRound, 'step'>,
  round: number,
): Promise<void> {
  const { store } = edges;
  if (!hasLimits(limitsOf(job.profile))) return;
  const key = roundKey({ jobId, shard }, round, 'requests.jsonl');
  const { bytes = 0 } = (await store.stat(key)) ?? {};
  const before =
    round > 1 ? await collectedObject.read(store, { jobId, shard, round: round - 1 }) : undefined;
  const rows = before?.deferred ?? (await readShardPlan(store, { jobId, shard, planned })).requests;
  const isHigherStep = step !== undefined;
  await reserveRound(edges, job, {
    jobId,
    shard,
    round,
    rows,
    bytes,
    planned,
    asked: job.profile,
    isHigherStep,
  });
}

async function makeUpload(
  edges: ProviderEdges,
  job: Job,
  context: ShardContext,
  round: number,
): Promise<UploadCheckpoint> {
  const { store } = edges;
  const { profile } = job;
  const provider = edges.provider(context.provider);
  const key = roundKey(context, round, 'requests.jsonl');
  const whole = await requireWhole(edges, job, context, round);
  const room = await readRoom(store, context.provider.name);
  const at = Math.floor(edges.clock.now() / 1_000);
  const tokens = tokensOfPart(context.planned, whole);
  const asking = { model: profile.model, tokens, at, bytes: whole };
  const most = bytesThatFit(room, roomLimitsOf(profile), asking);
  const part = await partToUpload(store, context, round, most);
  const bytes = part?.bytes ?? whole;
  const name = uploadName(context, round);
  // An upload is recorded before it starts, so only a recorded upload can have been lost and must be searched for.
  const first = await uploadingObject.create(store, { ...context, round }, {});
  const lost = first ? undefined : await findLost(provider, name, bytes);
  const open = (): AsyncIterable<Uint8Array> => readRequests(store, key, bytes);
  const file = lost ?? (await uploadWhole(edges, { ...context, round }, { name, bytes, open }));
  return { fileId: file.id, name, part, repeated: !first || file.repeated === true };
}

/** Bytes of the round's requests. Before a shard is paid, all of its files must be whole, because its results need them. */
async function requireWhole(
  edges: ProviderEdges,
  job: Job,
  context: PlannedShard,
  round: number,
): Promise<number> {
  if (round === 1) await requireOtherFiles(edges.store, context);
  return wholeRequests(edges, job, context, round);
}

async function findLost(
  provider: BatchProvider,
  name: string,
  bytes: number,
): Promise<ProviderFile | undefined> {
  const found = await provider.findFile(name);
  return found !== undefined && (found.bytes ?? bytes) === bytes ? found : undefined;
}
