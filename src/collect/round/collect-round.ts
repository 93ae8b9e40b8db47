import { lostIdsObject } from '../../checkpoints/lost-ids.ts';
import type { ProviderEdges } from '../../edges.ts';
import { collectedObject, type Collected } from '../../checkpoints/collected.ts';
import type { Job } from '../../checkpoints/job.ts';
import { finishShard } from '../shard/finish-shard.ts';
import { stopShard } from '../shard/stop-shard.ts';
import { announcedUpload, cleanProvider } from './clean-provider.ts';
import { describeRound } from './describe-round.ts';
import { missingRowError } from './ended-batch.ts';
import type { GapKind } from './evidence.ts';
import { describeGap, leaveOpen, lookAgain, weighRound, type LookAgain } from './late-output.ts';
import { judgeFile } from './judge-file.ts';
import { LostRows } from './lost-rows.ts';
import { markLate, readRound, type ReadRound } from './read-round.ts';
import { ResultFiles } from './result-files.ts';
import { roundFacts } from './round-facts.ts';
import type { RoundToCollect } from './round-to-collect.ts';
import { Scratch } from './scratch.ts';
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
  using output = new Scratch();
  using errors = new Scratch();
  const read = await readRound(edges, job, round, { output, errors });
  const { dialect } = job.profile.provider;
  const decision = weighRound(dialect, read);
  if (decision.next === 'complete') {
    // From here on what is stored counts: the provider's files are deleted.
    if (read.wasLate) await markLate(edges, round, false);
    return endRound(edges, job, read, await writeFates(edges, job, read, false));
  }
  await markLate(edges, round, true);
  if (decision.next === 'wait') return lookAgain(edges, dialect, read);
  return stopOpen(edges, read, decision.gap, await writeFates(edges, job, read, true));
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
  { context, batch, upload }: ReadRound,
  written: Collected,
): Promise<Collected> {
  const { store } = edges;
  const uploaded = upload ?? (await announcedUpload(store, context, context.round));
  const left = await cleanProvider(edges, job, batch, uploaded);
  const collected = { ...written, ...(left.length === 0 ? {} : { left }) };
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
  gap: GapKind,
  written: Collected,
): Promise<Collected> {
  const failure = describeGap(read, gap);
  const last = { ...written, next: 'stop', failure } as const;
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
