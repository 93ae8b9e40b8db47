import type { Round } from './round.ts';
import type { LeftOpen } from '../../../checkpoints/shard/open-batch.ts';
import { RESUME_COLLECTS } from '../../../checkpoints/shard/open-batch.ts';
import type { LateOutput } from '../../../contract.ts';
import type { ProviderEdges } from '../../../edges.ts';
import type { Failure } from '../../../errors.ts';
import type { Dialect } from '../../../provider/dialects/schema.ts';
import { LATE_SECONDS, lookWaitSeconds, weighEvidence, type Decision, type GapKind } from './evidence.ts';
import type { FoundFile } from '../files/found-file.ts';
import type { RoundEvidence } from './read-round.ts';
import { sentOf } from './sent-requests.ts';

/** The batch has ended and shows less output than it promised. The state machine waits, and the round is collected again. */
export interface LookAgain {
  readonly next: 'look';
  readonly late: LateOutput;
  readonly waitSeconds: number;
  /** The twin to poll and collect instead. */
  readonly follow?: string;
}

/** Decides whether the files of a round are complete. A round without a batch is always complete. */
export function weighRound({ files: facts }: Dialect, read: RoundEvidence): Decision {
  const { context, batch, index, files } = read;
  if (context.batchId === undefined) return { next: 'complete' };
  return weighEvidence({
    batch,
    files,
    lines: {
      sent: sentOf(read),
      rows: index.answered,
      ok: index.ok,
      succeeded: index.succeeded,
      unexplained: index.unknown + index.unreadable,
      broken: index.brokenRows,
      spent: index.countOf(read.askedBefore),
    },
    cancelledIsEmpty: facts.cancelledIsEmpty,
    isSettled: context.late?.received === receivedOf(read),
    waitedSeconds: waitedSeconds(context),
    lateSeconds: facts.lateSeconds ?? LATE_SECONDS,
  });
}

export const waitedSeconds = ({ age = 0, late }: Round): number =>
  late === undefined ? 0 : Math.max(0, age - late.since);

/** Total bytes of both files. */
const receivedOf = ({ files }: RoundEvidence): number =>
  files.reduce((total, { received }) => total + received, 0);

/** Decides when to look again. */
export function lookAgain({ log }: ProviderEdges, { files: facts }: Dialect, read: RoundEvidence): LookAgain {
  const { jobId, shard, round, batchId, late, age = 0, polling } = read.context;
  const { since, looks } = late ?? { since: age, looks: 0 };
  const limits = { minSeconds: polling.minSeconds, lateSeconds: facts.lateSeconds ?? LATE_SECONDS };
  const waitSeconds = lookWaitSeconds(looks, waitedSeconds(read.context), limits);
  log('output_late', { jobId, shard, round, batchId, looks: looks + 1, waitSeconds });
  return { next: 'look', late: { since, looks: looks + 1, received: receivedOf(read) }, waitSeconds };
}

/** The batch and files that a round leaves at the provider if its batch is left open. */
export function leaveOpen(read: RoundEvidence, { code, message }: Failure): LeftOpen {
  const { context, batch, upload } = read;
  const { shard, round, batchId, createdAt } = context;
  const files = { input: upload?.fileId, output: batch?.outputFileId, errors: batch?.errorFileId };
  return {
    open: {
      shard,
      round,
      ...(batchId !== undefined && { batchId }),
      ...(batch && { status: batch.status }),
      ...(createdAt !== undefined && { createdAt: new Date(createdAt * 1_000).toISOString() }),
      files,
      error: { code, message },
      onResume: RESUME_COLLECTS,
    },
    left: Object.values(files).filter((fileId) => fileId !== undefined),
  };
}

const GAPS: Readonly<Record<OpenGap, { readonly name: string; readonly code: string }>> = {
  running: { name: 'BatchOpen', code: 'BATCH_OPEN' },
  unrecognised: { name: 'OutputUnrecognised', code: 'OUTPUT_UNRECOGNISED' },
  incomplete: { name: 'OutputIncomplete', code: 'OUTPUT_INCOMPLETE' },
  twin: { name: 'BatchOpen', code: 'BATCH_OPEN' },
};

/** The reason why a batch is left open. `twin`: a twin may have answers for rows without a line. */
export type OpenGap = GapKind | 'twin';

/** Why the rows of a round without an answer are not sent again. */
export function describeGap(read: RoundEvidence, gap: OpenGap): Failure {
  const { context, batch, index } = read;
  const { jobId, shard, round, batchId } = context;
  const counts = batch?.counts;
  const counted =
    counts && `, ${counts.succeeded + counts.failed} of ${counts.total} rows done by its counters`;
  const about = `Batch ${batchId} (shard ${shard}, round ${round} of job ${jobId}) is ${batch?.status}${counted ?? ''}.`;
  const found = `${index.answered} of ${sentOf(read)} rows have a line`;
  const files = describeFiles(read);
  const said = {
    running: `It is still running although its cancellation was requested; ${found}.`,
    unrecognised: `No line of its files belongs to one of its rows: ${files}.`,
    incomplete: `Its files do not show what it promised: ${found}; ${files}.`,
    twin: `${found}; the others may be answered by ${twinsOf(read)}, which the provider created from the same rows.`,
  }[gap];
  const next =
    'Nothing was sent again, because that would pay twice. Resume the job to look at the batch again.';
  return { ...GAPS[gap], message: `${about} ${said} ${next}` };
}

function twinsOf({ twins }: RoundEvidence): string {
  return twins.map(({ batch }) => `batch ${batch.id} (${batch.status})`).join(', ');
}

function describeFiles({ batch, files }: RoundEvidence): string {
  const named = [
    ['output', batch?.outputFileId],
    ['errors', batch?.errorFileId],
  ] as const;
  const described = named.map(([name, fileId]) => {
    const found = files.find((file) => file.name === name);
    return fileId === undefined ? `no ${NAMES[name]}` : `${NAMES[name]} ${fileId} (${describeFile(found)})`;
  });
  return described.join(', ');
}

const NAMES = { output: 'output file', errors: 'error file' } as const;

function describeFile(file: FoundFile | undefined): string {
  if (file === undefined || file.state === 'missing') return 'not found';
  if (file.isEndless === true) return `more than ${file.received} bytes: it does not end`;
  const of = file.promised === undefined || file.state === 'whole' ? '' : ` of ${file.promised}`;
  return `${file.received}${of} bytes`;
}
