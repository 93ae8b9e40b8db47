import type { SentSoFar } from '../../host/sent-so-far.ts';
import { counted } from '../../src/text/counted.ts';

/** True if something may still be at the provider, where it can be cancelled. */
export function isOpen({ collected: _collected, ...open }: SentSoFar): boolean {
  return Object.values(open).some((n) => n > 0);
}

/** Describes what an interrupted run leaves at the provider, and the next step. */
export function describeInterrupt(sent: SentSoFar): string {
  const facts = describeSent(sent);
  if (facts === undefined) return 'Interrupted. Nothing was sent; run the same command to continue.';
  return `Interrupted; nothing more is sent. Sent so far: ${facts}.\nRun the same command to continue.`;
}

/**
 * Describes what a stopping host leaves at the provider.
 * @param jobs number of jobs that have not ended
 * @param sent what these jobs have sent
 */
export function describeStop(jobs: number, sent: SentSoFar): string {
  if (jobs === 0) return 'Stopping. No job is running.';
  const facts = describeSent(sent) ?? 'nothing';
  const left = jobs === 1 ? '1 job has not ended' : `${jobs} jobs have not ended`;
  return `Stopping; nothing more is sent. ${left}. Sent so far: ${facts}.\nThe next start with this data folder continues.`;
}

/**
 * Lists what was already sent, as words for people.
 * @returns undefined if nothing was sent
 */
function describeSent({
  collected,
  batches,
  unanswered,
  files,
  uploads,
  direct,
}: SentSoFar): string | undefined {
  const facts = [
    ...(collected > 0 ? [`${counted(collected, 'round')}, whose answers are stored`] : []),
    ...(batches > 0 ? [`${counted(batches, 'batch')} at the provider, not collected yet`] : []),
    ...(unanswered > 0
      ? [`${counted(unanswered, 'create')} without an answer: each may have made a batch`]
      : []),
    ...(files > 0 ? [`${counted(files, 'file')} without a batch, which costs nothing`] : []),
    ...(uploads > 0
      ? [`${counted(uploads, 'file')} that may have been uploaded, without a batch, which costs nothing`]
      : []),
    ...(direct > 0 ? [`some rows of ${counted(direct, 'shard')}, sent direct`] : []),
  ];
  return facts.length === 0 ? undefined : facts.join('; ');
}
