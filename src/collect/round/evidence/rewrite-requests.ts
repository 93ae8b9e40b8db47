import { collectedObject } from '../../../checkpoints/round/collected.ts';
import { requireWholeRequests } from '../../../checkpoints/round/whole-requests.ts';
import type { Job } from '../../../checkpoints/job.ts';
import { roundKey, stepKey, type RoundRef } from '../../../checkpoints/keys.ts';
import type { PlannedShard } from '../../../checkpoints/plan.ts';
import type { Edges } from '../../../edges.ts';
import { RequestsDamaged } from '../../../errors.ts';
import { eachOwnLine, LinesBeside } from '../../../jsonl/own-lines.ts';
import { nextRequest } from '../../../ladder/next-request.ts';
import type { ObjectStore } from '../../../store/object-store.ts';
import { parseRequest } from './request-line.ts';

/**
 * Returns the bytes of a round's requests, which must be the recorded ones: nothing is paid for other rows. Damaged requests of
 * a later round are written again here; those of the first round, by *Build requests* in the next execution.
 * @throws RequestsDamaged
 */
export async function wholeRequests(
  { store, log }: Pick<Edges, 'store' | 'log'>,
  job: Job,
  context: PlannedShard,
  round: number,
): Promise<number> {
  try {
    return await requireWholeRequests(store, context, round);
  } catch (error) {
    if (round === 1 || !(error instanceof RequestsDamaged)) throw error;
  }
  const { jobId, shard } = context;
  await rewriteRequests(store, job, { jobId, shard, round });
  log('requests_rewritten', { jobId, shard, round });
  return requireWholeRequests(store, context, round);
}

/**
 * Writes the requests of a later round again, from the files of the round before: the requests without a result, or those that
 * went up to the next step. They are kept only if they have the recorded bytes.
 */
async function rewriteRequests(store: ObjectStore, job: Job, ref: RoundRef): Promise<void> {
  const { round, ...shard } = ref;
  const before = await collectedObject.read(store, { ...shard, round: round - 1 });
  if (before?.nextBytes === undefined) return;
  const lines = before.up === undefined ? deferred(store, ref) : raised(store, job, ref, before.up.nth);
  const writer = store.write(roundKey(ref, round, 'requests.jsonl'));
  try {
    for await (const line of lines) await writer.write(line);
    await (writer.bytes === before.nextBytes ? writer.close() : writer.abort());
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/** The requests of the round before whose result line is empty. */
async function* deferred(store: ObjectStore, ref: RoundRef): AsyncGenerator<Buffer> {
  const before = ref.round - 1;
  await using results = LinesBeside.of(store, roundKey(ref, before, 'results.jsonl'));
  for await (const request of eachOwnLine(store, roundKey(ref, before, 'requests.jsonl')))
    if ((await results.next()).value?.length === 1) yield request;
}

/** The requests of a step of the ladder, from those of the first step. */
async function* raised(
  store: ObjectStore,
  { profile }: Job,
  ref: RoundRef,
  nth: number,
): AsyncGenerator<string> {
  const step = profile.then?.[nth - 1];
  if (step === undefined) return;
  for await (const first of eachOwnLine(store, stepKey(ref, nth, 'raised.jsonl'))) {
    const next = nextRequest(parseRequest(first), step, profile);
    if (next !== undefined) yield next;
  }
}
