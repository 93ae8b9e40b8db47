import type { SentSoFar } from '../../host/sent-so-far.ts';
import { counted } from '../../src/counted.ts';

export function isNothing(sent: SentSoFar): boolean {
  return Object.values(sent).every((n) => n === 0);
}

/** Describes what an interrupt leaves, and the next step. */
export function describeInterrupt(sent: SentSoFar): string {
  if (isNothing(sent)) return 'Interrupted. Nothing was sent; run the same command to go on.';
  const { batches, unanswered, files, uploads, direct } = sent;
  const facts = [
    ...(batches > 0 ? [`${counted(batches, 'batch')} at the provider, going on there`] : []),
    ...(unanswered > 0
      ? [`${counted(unanswered, 'create')} without an answer: each may have made a batch`]
      : []),
    ...(files > 0 ? [`${counted(files, 'file')} uploaded, without a batch: nothing of that is paid`] : []),
    ...(uploads > 0
      ? [`${counted(uploads, 'file')} that may have been uploaded, without a batch: nothing of that is paid`]
      : []),
    ...(direct > 0 ? [`the answers of ${counted(direct, 'shard')} sent row by row so far`] : []),
  ];
  return `Interrupted; nothing more is sent. Sent so far: ${facts.join('; ')}.\nRun the same command to go on here.`;
}
