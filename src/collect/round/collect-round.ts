import { announcedUpload, cleanProvider } from './clean-provider.ts';
import { describeRound } from './writing/describe-round.ts';
import { cancelTwins, followTwin, giveUpBatch } from '../../batches/twins.ts';
import { Downloads, GoesOnLater } from './files/downloads.ts';
import { writingObject } from '../../checkpoints/round/writing.ts';
import { lateObject } from '../../checkpoints/round/late.ts';
import { lostIdsObject } from '../../checkpoints/round/lost-ids.ts';
import { writeRound } from './writing/write-round.ts';
import { LostRows } from './decision/lost-rows.ts';
import { decideRound } from './decision/decide-round.ts';
import { judgeFile } from './decision/judge-file.ts';
import type { ProviderEdges } from '../../edges.ts';
import { Scratch } from './files/scratch.ts';
import {
  describeGap,
  leaveOpen,
  lookAgain,
  waitedSeconds,
  weighRound,
  type LookAgain,
  type OpenGap,
} from './evidence/late-output.ts';
import type { Round } from './evidence/round.ts';
import type { Job } from '../../checkpoints/job.ts';
import { readRound, type CollectEdges, type RoundEvidence } from './evidence/read-round.ts';
import { weighTwins } from './evidence/weigh-twins.ts';
import type { LeftOpen } from '../../checkpoints/shard/open-batch.ts';
import type { Collected } from '../../checkpoints/round/collected.ts';
/** The result of collecting a round. */
export interface CollectedRound {
  readonly collected: Collected;
  /** True if an earlier call has collected the round, and may have begun to join the rounds of the shard. */
  readonly isAgain?: boolean;
  /** The files and batches that are left at the provider because the batch stays open. A resume collects the round again. */
  readonly leftOpen?: LeftOpen;
}

/**
 * Collects one round: downloads both files, indexes their lines, decides whether they are complete, writes the outcome of every
 * row, and deletes the files at the provider. If the files show less than the batch promised, the round is collected again
 * later. If they still show less then, its batch is left open.
 * @throws GoesOnLater if time is short and another call must continue
 */
export async function collectRound(
  edges: CollectEdges,
  job: Job,
  round: Round,
): Promise<CollectedRound | LookAgain> {
  // An earlier call has written the rows and ran out of time after that.
  const collected = (await writingObject.read(edges.store, round))?.collected;
  if (collected !== undefined) return { collected, isAgain: true };
  using scratches = new DisposableStack();
  const more = (): Scratch => scratches.use(new Scratch());
  await using downloads = await Downloads.open(edges, round);
  const evidence = await readRound(edges, job, round, { downloads, output: more(), errors: more(), more });
  scratches.use(evidence.index);
  const { dialect } = job.profile.provider;
  const weighed = weighRound(dialect, evidence);
  const isPlain = round.gone !== true && !evidence.wasLate && evidence.twins.length === 0;
  // The rows are written while the last part of the output file is stored.
  if (weighed.next !== 'complete' || !isPlain) await downloads.stored();
  // The batch was given up as missing, and the provider shows it again.
  if (round.gone === true && evidence.batch?.phase === 'running')
    return { ...lookAgain(edges, dialect, evidence), follow: evidence.batch.id };
  // Awaited here, because the scratch files are closed when this function returns.
  if (weighed.next === 'complete') {
    // From here on only the stored files count, because the provider's files will be deleted.
    if (evidence.wasLate) await lateObject.write(edges.store, round, { isLate: false });
    return await endWithTwins(edges, job, evidence);
  }
  if (weighed.next === 'stop') return await stopOpen(edges, job, evidence, weighed.gap);
  await lateObject.write(edges.store, round, { isLate: true });
  return lookAgain(edges, dialect, evidence);
}

/** The batch is complete: ends the round once its twins have ended as well, or continues with a twin. */
async function endWithTwins(
  edges: ProviderEdges,
  job: Job,
  evidence: RoundEvidence,
): Promise<CollectedRound | LookAgain> {
  const { context, batch, twins } = evidence;
  const { dialect } = job.profile.provider;
  const weighed = weighTwins(evidence, waitedSeconds(context));
  if (weighed.next === 'follow') {
    await followTwin(edges.store, { ...context, status: batch?.status ?? 'not found' }, weighed.twin);
    // The stored files belong to the previous batch.
    await lateObject.write(edges.store, context, { isLate: true });
    return { ...lookAgain(edges, dialect, evidence), follow: weighed.twin.id };
  }
  await cancelTwins(edges, context, twins);
  if (weighed.next === 'wait') return lookAgain(edges, dialect, evidence);
  return weighed.next === 'stop' ? stopOpen(edges, job, evidence, 'twin') : endRound(edges, job, evidence);
}

/** Leaves the batch open: its results so far are stored, and more may come. */
async function stopOpen(
  edges: ProviderEdges,
  job: Job,
  evidence: RoundEvidence,
  gap: OpenGap,
): Promise<CollectedRound> {
  await lateObject.write(edges.store, evidence.context, { isLate: true });
  const written = await writeRows(edges, job, evidence, true);
  const failure = describeGap(evidence, gap);
  return { collected: { ...written, next: 'stop', failure }, leftOpen: leaveOpen(evidence, failure) };
}

/** Writes the outcome of every row. */
async function writeRows(
  { store, clock }: ProviderEdges,
  { profile }: Job,
  evidence: RoundEvidence,
  isOpen: boolean,
): Promise<Collected> {
  const { context, index } = evidence;
  const verdict = await judgeFile(store, evidence, profile.provider.dialect.codes);
  const decision = decideRound(evidence, verdict, isOpen, profile);
  const lost = new LostRows(index, decision, evidence.askedBefore);
  const totals = await writeRound(store, { evidence, decision, lost });
  // Rows of a batch that is left open are not sent again.
  const { again, paidTwice } = isOpen ? NOTHING_AGAIN : lost;
  if (again.length > 0) await lostIdsObject.write(store, context, again);
  return {
    ...(paidTwice > 0 && { paidTwice }),
    ...describeRound(evidence, decision, totals, clock.now()),
    ...verdict.next,
  };
}

const NOTHING_AGAIN = { again: [], paidTwice: 0 };

/**
 * Ends the round: writes its rows and deletes its files at the provider. If time is short, another call joins the rows with those
 * of other rounds.
 */
async function endRound(edges: ProviderEdges, job: Job, evidence: RoundEvidence): Promise<CollectedRound> {
  const { context, batch, upload, twins } = evidence;
  const { batchId, gone = false } = context;
  const collected = await writeRows(edges, job, evidence, false);
  const uploaded = upload ?? (await announcedUpload(edges.store, context, context.round));
  const leavings = { batch, upload: uploaded, twins: twins.map((twin) => twin.batch) };
  const left = await cleanProvider(edges, job, leavings);
  // The provider may show the batch again, so later rounds search for it.
  if (gone && batchId !== undefined)
    await giveUpBatch(edges.store, context, { batchId, status: 'not found' });
  const isInDoubt = gone || context.doubt === true;
  const ended: Collected = {
    ...collected,
    ...(left.length > 0 && { left }),
    ...(isInDoubt && { doubt: true }),
  };
  if (edges.time?.isShort() !== true) return { collected: ended };
  await writingObject.write(edges.store, context, { collected: ended });
  throw new GoesOnLater();
}
