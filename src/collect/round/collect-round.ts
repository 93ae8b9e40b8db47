import { announcedUpload, cleanProvider } from './clean-provider.ts';
import { describeRound } from './describe-round.ts';
import { lostIdsObject } from '../../checkpoints/lost-ids.ts';
import { writeRound } from './write-round.ts';
import { LostRows } from './lost-rows.ts';
import { decideRound } from './decide-round.ts';
import { judgeFile } from './judge-file.ts';
import type { ProviderEdges } from '../../edges.ts';
import { Scratch } from './scratch.ts';
import { describeGap, leaveOpen, lookAgain, weighRound, type LookAgain } from './late-output.ts';
import type { Round } from './round.ts';
import type { Job } from '../../checkpoints/job.ts';
import { markLate, readRound, type CollectEdges, type RoundEvidence } from './read-round.ts';
import type { LeftOpen } from '../../checkpoints/open-batch.ts';
import type { Collected } from '../../checkpoints/collected.ts';
/** What collecting a round came to. */
export interface CollectedRound {
  readonly collected: Collected;
  /** What is left at the provider when the batch stays open: a resume collects the round again. */
  readonly leftOpen?: LeftOpen;
}

/**
 * Collects one round: fetches both files, indexes their lines, weighs whether they are all there will be, writes every row's
 * fate, and cleans up at the provider. A round whose files do not show what its batch promised is looked at again; in the end
 * its batch is left open.
 */
export async function collectRound(
  edges: CollectEdges,
  job: Job,
  round: Round,
): Promise<CollectedRound | LookAgain> {
  using output = new Scratch();
  using errors = new Scratch();
  const evidence = await readRound(edges, job, round, { output, errors });
  const { dialect } = job.profile.provider;
  const weighed = weighRound(dialect, evidence);
  if (weighed.next === 'complete') {
    // From here on what is stored counts: the provider's files are deleted.
    if (evidence.wasLate) await markLate(edges, round, false);
    // Awaited here: the scratch files are closed when this function is left.
    return await endRound(edges, job, evidence);
  }
  await markLate(edges, round, true);
  if (weighed.next === 'wait') return lookAgain(edges, dialect, evidence);
  const written = await writeRows(edges, job, evidence, true);
  const failure = describeGap(evidence, weighed.gap);
  return { collected: { ...written, next: 'stop', failure }, leftOpen: leaveOpen(evidence, failure) };
}

/** Writes what becomes of every row. */
async function writeRows(
  { store, clock }: ProviderEdges,
  { profile }: Job,
  evidence: RoundEvidence,
  isOpen: boolean,
): Promise<Collected> {
  const { context, index } = evidence;
  const verdict = await judgeFile(store, evidence, profile.provider.dialect.codes);
  const decision = decideRound(evidence, verdict, isOpen, profile);
  const lost = new LostRows(index, decision.sent, evidence.askedBefore);
  const totals = await writeRound(store, evidence, decision, lost);
  // Rows of a batch that is left open are not asked again.
  const { again } = isOpen ? NOTHING_AGAIN : lost;
  if (again.length > 0) await lostIdsObject.write(store, context, again);
  return {
    ...(again.length > 0 && { paidTwice: again.length }),
    ...describeRound(evidence, decision, totals, clock.now()),
    ...verdict.next,
  };
}

const NOTHING_AGAIN = { again: [] };

/** The round is over: writes its rows, and deletes what it left at the provider. */
async function endRound(edges: ProviderEdges, job: Job, evidence: RoundEvidence): Promise<CollectedRound> {
  const { context, batch, upload } = evidence;
  const collected = await writeRows(edges, job, evidence, false);
  const uploaded = upload ?? (await announcedUpload(edges.store, context, context.round));
  const left = await cleanProvider(edges, job, batch, uploaded);
  return { collected: left.length === 0 ? collected : { ...collected, left } };
}
