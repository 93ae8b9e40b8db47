import type { Batch, BatchCounts } from '../../../provider/batch-provider.ts';
import type { FoundFile } from '../files/found-file.ts';

/**
 * Decides whether the files of an ended batch are complete. The rule: paying again, ending a shard or reporting a final status
 * requires positive evidence. Without it, the collect waits and looks again. In the end the shard stops, a resume looks again,
 * and nothing is paid twice.
 *
 * | found | then |
 * |---|---|
 * | a line for every row that was sent | complete |
 * | the polls gave the batch up | complete: the polls found it neither by its id nor in the list |
 * | the batch is still running although it was cancelled | stop: its answers are still to come |
 * | lines, none of which belongs to a row | wait, then stop: the file may belong to another batch |
 * | a file named by the batch that is not found, is shorter than promised, or does not end | wait, then stop |
 * | as many unreadable or unknown lines as missing rows | complete; if the last line is cut off, once the files no longer grow |
 * | `succeeded`, and the missing rows are not counted either | complete once the files have not grown for half a minute |
 * | `succeeded`, and other rows are missing | wait; then complete if the counters exclude these rows, otherwise stop |
 * | another ending, and fewer lines than its counters promise | wait; then as in the row above |
 * | another ending without counters, files and errors | wait, then complete: its status says that it did not finish |
 * | another ending, with everything that the counters promise, or with files and no counters | complete once two looks agree |
 */
export function weighEvidence(evidence: BatchEvidence): Decision {
  const { batch, waitedSeconds, lateSeconds, isSettled } = evidence;
  if (batch === undefined) return COMPLETE;
  const gap = findGap(batch, evidence);
  if (gap === undefined || (gap.accepted === 'once settled' && isSettled)) return COMPLETE;
  if (gap.accepted === 'after a short wait' && isSettled && waitedSeconds >= SHORT_WAIT_SECONDS)
    return COMPLETE;
  const isLate = gap.kind !== 'running' && waitedSeconds < lateSeconds;
  if (isLate) return { next: 'wait', gap: gap.kind };
  // While the files grow, more lines will come, whatever the counters say.
  return gap.accepted !== 'never' && isSettled ? COMPLETE : { next: 'stop', gap: gap.kind };
}

/** Everything that is known about a round's batch after its files were read. */
export interface BatchEvidence {
  /** `undefined` if the polls gave the batch up. */
  readonly batch: Pick<Batch, 'phase' | 'ending' | 'counts' | 'errors'> | undefined;
  readonly files: readonly FoundFile[];
  readonly lines: FoundLines;
  /** True if the provider drops the finished rows of a cancelled batch. */
  readonly cancelledIsEmpty?: boolean | undefined;
  /** True if the files have the same length as at the previous look. */
  readonly isSettled: boolean;
  /** Seconds since the first look that found too little. */
  readonly waitedSeconds: number;
  /** Most seconds that the provider may take to show what it promised. */
  readonly lateSeconds: number;
}

/** Counts of the lines in both files. */
export interface FoundLines {
  /** Requests that were sent. */
  readonly sent: number;
  /** Requests with a line. */
  readonly rows: number;
  /** Requests with an answer. */
  readonly ok: number;
  /** Requests whose line the provider may count as a success: answers, and bodies that are not answers. */
  readonly succeeded: number;
  /** Lines that cannot be read or belong to no row. */
  readonly unexplained: number;
  /** Requests whose line shows their id but cannot be read. */
  readonly broken: number;
  /** Requests that were already sent again because their lines could not be read. They are not sent once more. */
  readonly spent: number;
}

export type GapKind = 'running' | 'unrecognised' | 'incomplete';

export type Decision =
  | { readonly next: 'complete' }
  | { readonly next: 'wait' | 'stop'; readonly gap: GapKind };

const COMPLETE: Decision = { next: 'complete' };

interface Gap {
  readonly kind: GapKind;
  /**
   * When missing rows count as not answered: after the wait; after half a minute or immediately if the last two looks found the
   * same; or never.
   */
  readonly accepted: 'after the wait' | 'after a short wait' | 'once settled' | 'never';
}

/** The wait if the batch neither names nor counts anything that is missing. Its counters and files may both be late. */
const SHORT_WAIT_SECONDS = 30;

function findGap(batch: NonNullable<BatchEvidence['batch']>, evidence: BatchEvidence): Gap | undefined {
  const { lines, files, cancelledIsEmpty } = evidence;
  const { sent, rows, unexplained, broken, spent } = lines;
  if (rows >= sent) return undefined;
  if (batch.phase === 'running') return { kind: 'running', accepted: 'never' };
  if (batch.ending === 'cancelled' && cancelledIsEmpty === true && files.length === 0) return undefined;
  const isRecognised = rows + broken > 0 || unexplained === 0 || spent >= sent;
  if (!isRecognised) return { kind: 'unrecognised', accepted: 'never' };
  if (files.some(({ state }) => state !== 'whole')) return { kind: 'incomplete', accepted: 'never' };
  if (rows + unexplained >= sent)
    return files.some(({ isCutOff }) => isCutOff === true) ? UNTIL_SETTLED : undefined;
  return batch.ending === 'succeeded'
    ? missingOfSucceeded(batch, lines)
    : missingOfUnfinished(batch, evidence);
}

const UNTIL_SETTLED: Gap = { kind: 'incomplete', accepted: 'once settled' };

/** A batch that succeeded has a line for every row, unless its counters say otherwise. */
function missingOfSucceeded(batch: CountedBatch, lines: FoundLines): Gap {
  const counts = usableCounts(batch, lines.sent);
  // If a batch succeeded and its counters are zeros, the provider does not count.
  const isCounted = counts !== undefined && counts.succeeded + counts.failed > 0;
  if (!isCounted || !explains(lines, counts)) return { kind: 'incomplete', accepted: 'never' };
  const isAllThatCounts = lines.rows + lines.unexplained >= counts.succeeded + counts.failed;
  return { kind: 'incomplete', accepted: isAllThatCounts ? 'after a short wait' : 'after the wait' };
}

/** A batch that failed, expired or was cancelled may have rows that were never answered. */
function missingOfUnfinished(batch: CountedBatch, { files, lines }: BatchEvidence): Gap | undefined {
  if (files.length === 0 && batch.errors.length > 0) return undefined;
  const counts = usableCounts(batch, lines.sent);
  const done = counts === undefined ? 0 : counts.succeeded + counts.failed;
  if (counts !== undefined && done > 0) {
    if (lines.rows + lines.unexplained >= done) return UNTIL_SETTLED;
    return { kind: 'incomplete', accepted: explains(lines, counts) ? 'after the wait' : 'never' };
  }
  const isCounted = counts !== undefined && batch.ending !== 'expired';
  return files.length > 0 || isCounted ? UNTIL_SETTLED : { kind: 'incomplete', accepted: 'after the wait' };
}

type CountedBatch = Pick<Batch, 'ending' | 'counts' | 'errors'>;

/**
 * True if the files have all lines that the counters promise. The provider may have counted a body that is not an answer as a
 * success. Such a body counts here only if there are as many lines as rows that ended.
 */
function explains(
  { rows, ok, succeeded, unexplained }: FoundLines,
  counts: Pick<BatchCounts, 'succeeded' | 'failed'>,
): boolean {
  if (ok + unexplained >= counts.succeeded) return true;
  return (
    succeeded + unexplained >= counts.succeeded && rows + unexplained >= counts.succeeded + counts.failed
  );
}

/** Ignores counters with another total: a failed validation shows zeros, and some providers never count. */
function usableCounts({ counts }: Pick<Batch, 'counts'>, sent: number): Batch['counts'] {
  return counts?.total === sent ? counts : undefined;
}

/**
 * Seconds until the next look at the files. They double with every look, up to the end of the allowed time. A round that waits
 * longer, for a twin, looks rarely, because each look adds events to the execution's history.
 */
export function lookWaitSeconds(looks: number, waitedSeconds: number, limits: LookLimits): number {
  const { minSeconds, lateSeconds } = limits;
  const wanted = Math.min(minSeconds * 2 ** Math.min(looks, 20), LONGEST_LOOK_SECONDS);
  const left = lateSeconds - waitedSeconds;
  return Math.max(1, Math.ceil(left > 0 ? Math.min(wanted, Math.max(minSeconds, left)) : wanted));
}

export interface LookLimits {
  readonly minSeconds: number;
  readonly lateSeconds: number;
}

const LONGEST_LOOK_SECONDS = 300;

/** Default if the dialect does not say how late a file may be. */
export const LATE_SECONDS = 600;
