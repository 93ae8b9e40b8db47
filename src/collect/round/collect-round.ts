import { cancelTwins, followTwin, giveUpBatch } from '../../batches/twins.ts';
import { lateObject } from '../../checkpoints/late.ts';
import { lostIdsObject } from '../../checkpoints/lost-ids.ts';
import type { ProviderEdges } from '../../edges.ts';
import { collectedObject, type Collected } from '../../checkpoints/collected.ts';
import type { Job } from '../../checkpoints/job.ts';
import { finishShard } from '../shard/finish-shard.ts';
import { stopShard } from '../shard/stop-shard.ts';
import { announcedUpload, cleanProvider } from './clean-provider.ts';
import { describeRound } from './describe-round.ts';
import { missingRowError } from './ended-batch.ts';
import {
  describeGap,
  leaveOpen,
  lookAgain,
  waitedSeconds,
  weighRound,
  type LookAgain,
  type OpenGap,
} from './late-output.ts';
import { judgeFile } from './judge-file.ts';
import { LostRows } from './lost-rows.ts';
import { readRound, type ReadRound } from './read-round.ts';
import { ResultFiles } from './result-files.ts';
import { roundFacts } from './round-facts.ts';
import type { RoundToCollect } from './round-to-collect.ts';
import { Scratch } from './scratch.ts';
import { weighTwins } from './twin-answers.ts';
import { writeRound } from './write-round.ts';

/**
 * Collects one round: fetch both files, index their lines, weigh whether they are all there will be, write every row's fate,
 * clean up at the provider, and then the checkpoint. A round whose files do not show what its batch promised is looked at
 * again; in the end its batch is left open, and what was found of it becomes the shard's results for now.
 */
export async function collectRound(
  edges: ProviderEdges,
  job: Job,
  round: RoundToCollect,
): Promise<Collected | LookAgain> {
  using scratches = new DisposableStack();
  const more = (): Scratch => scratches.use(new Scratch());
  const read = await readRound(edges, job, round, { output: more(), errors: more(), more });
  const { dialect } = job.profile.provider;
  // It was given up as gone, and has come back.
  if (round.gone === true && read.batch?.phase === 'running')
    return { ...lookAgain(edges, dialect, read), follow: read.batch.id };
  const decision = weighRound(dialect, read);
  if (decision.next === 'complete') {
    // From here on what is stored counts: the provider's files are deleted.
    if (read.wasLate) await lateObject.write(edges.store, round, { isLate: false });
    return await endWithTwins(edges, job, read);
  }
  if (decision.next === 'wait') {
    await lateObject.write(edges.store, round, { isLate: true });
    return lookAgain(edges, dialect, read);
  }
  return await stopOpen(edges, read, decision.gap, await writeFates(edges, job, read, true));
}

/** All of the batch is there: ends the round once its twins have ended, too, or follows one in its place. */
async function endWithTwins(
  edges: ProviderEdges,
  job: Job,
  read: ReadRound,
): Promise<Collected | LookAgain> {
  const { context, batch, twins } = read;
  const decision = weighTwins(read, waitedSeconds(context));
  if (decision.next === 'follow') {
    await followTwin(edges.store, { ...context, status: batch?.status ?? 'not found' }, decision.twin);
    // What is stored is of the batch before.
    await lateObject.write(edges.store, context, { isLate: true });
    const { dialect } = job.profile.provider;
    return { ...lookAgain(edges, dialect, read), follow: decision.twin.id };
  }
  await cancelTwins(edges, context, twins);
  if (decision.next === 'wait') return lookAgain(edges, job.profile.provider.dialect, read);
  if (decision.next === 'stop')
    return stopOpen(edges, read, 'twin', await writeFates(edges, job, read, true));
  return endRound(edges, job, read, await writeFates(edges, job, read, false));
}

/** Writes what becomes of every row. */
async function writeFates(
  edges: ProviderEdges,
  job: Job,
  read: ReadRound,
  isOpen: boolean,
): Promise<Collected> {
  const { store } = edges;
  const { context, batch, upload, index, splicer, rules } = read;
  const verdict = await judgeFile(store, read, job.profile.provider.dialect.codes);
  const facts = roundFacts(context, { batch, index, upload, verdict, isOpen }, job.profile);
  const missingError = facts.refusal ?? (context.direct ? NOT_SENT : missingRowError(batch));
  const files = new ResultFiles(store, context.jobId);
  const lost = new LostRows(index, facts.sent, read.askedBefore);
  const written = { index, splicer, facts, rules, files, lost, missingError };
  const totals = await writeRound(store, context, written);
  // Rows of a batch that is left open are not asked again.
  const { again } = isOpen ? NOTHING_AGAIN : lost;
  if (again.length > 0) await lostIdsObject.write(store, context, again);
  return {
    ...(again.length > 0 && { paidTwice: again.length }),
    ...describeRound(edges, context, batch, index, facts, totals),
    ...verdict.next,
  };
}

const NOTHING_AGAIN = { again: [] };

const NOT_SENT = {
  code: 'NOT_SENT',
  message: 'The provider took no further calls for so long that it was given up.',
};

/** The round is over: deletes what it left at the provider; the checkpoint comes last. */
async function endRound(
  edges: ProviderEdges,
  job: Job,
  { context, batch, upload, twins }: ReadRound,
  written: Collected,
): Promise<Collected> {
  const { store } = edges;
  const { batchId, gone = false } = context;
  const uploaded = upload ?? (await announcedUpload(store, context, context.round));
  const leavings = { batch, upload: uploaded, twins: twins.map((twin) => twin.batch) };
  const left = await cleanProvider(edges, job, leavings);
  // It may come back: the rounds after this one look for it.
  if (gone && batchId !== undefined)
    await giveUpBatch(store, context, { batchId, status: 'not found' });
  const collected: Collected = {
    ...written,
    ...(left.length > 0 && { left }),
    ...((gone || context.doubt === true) && { doubt: true }),
  };
  const { round, next, failure } = collected;
  if (next === 'done') await finishShard(edges, context, collected);
  if (next === 'stop' && failure !== undefined)
    await stopShard(edges, context, { nextRound: round + 1, failure, last: collected });
  await collectedObject.write(store, { ...context, round }, collected);
  logRound(edges, context, collected);
  return collected;
}

/** The batch stays as it is: without a checkpoint, a resume collects the round again. */
async function stopOpen(
  edges: ProviderEdges,
  read: ReadRound,
  gap: OpenGap,
  written: Collected,
): Promise<Collected> {
  const failure = describeGap(read, gap);
  const last = { ...written, next: 'stop', failure } as const;
  // Its results are in the store, and are not all there will be.
  await lateObject.write(edges.store, read.context, { isLate: true });
  const leftOpen = leaveOpen(read, failure);
  await stopShard(edges, read.context, { nextRound: last.round + 1, failure, last, leftOpen });
  return last;
}

function logRound({ log }: ProviderEdges, { jobId, shard }: RoundToCollect, collected: Collected): void {
  const { round, ok, failed, exhausted, deferred, next } = collected;
  const { invalid_output = 0, missing, duplicates, unknown, unreadable } = collected;
  const unexplained = { missing, duplicates, unknown, unreadable };
  const outcomes = { ok, failed, exhausted, invalid_output, deferred };
  log('round_collected', { jobId, shard, round, ...outcomes, ...unexplained, next });
}
