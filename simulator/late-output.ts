import type { SimulatedBatch } from './batches.ts';
import type { LateOutput } from './faults.ts';
import type { SimulatorState } from './state.ts';

/** What is shown of a batch's files although it has ended, and how much of the delay is over, from 0 to 1. */
export interface Late {
  readonly shows: LateOutput;
  readonly share: number;
}

/** Whether a batch that has ended shows less than it promises, at this time. */
export function lateness({ actions, end }: SimulatedBatch, now: number): Late | undefined {
  const late = actions.find((action) => action.kind === 'late');
  if (late === undefined || end === undefined) return undefined;
  if (late.seconds === undefined) return { shows: late.shows, share: 0 };
  const share = (now - end.at) / (late.seconds * 1_000);
  return share < 1 ? { shows: late.shows, share: Math.max(0, share) } : undefined;
}

/** The batch as it is shown: one that is late may not name its files yet. */
export function shownBatch(batch: SimulatedBatch, now: number): SimulatedBatch {
  if (batch.end === undefined || lateness(batch, now)?.shows !== 'no-id') return batch;
  return { ...batch, end: { ...batch.end, outputFileId: undefined, errorFileId: undefined } };
}

/** Whether a file is one of a batch that is late. */
export function latenessOf(state: SimulatorState, fileId: string, now: number): Late | undefined {
  const batch = [...state.batches.values()].find(
    ({ end }) => end?.outputFileId === fileId || end?.errorFileId === fileId,
  );
  return batch && lateness(batch, now);
}

/** A late file's content as it is shown; undefined when it is not found yet. Held in memory: only tests ask for it. */
export async function lateContent(
  content: AsyncIterable<Buffer>,
  { shows, share }: Late,
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  const whole = Buffer.concat(chunks);
  switch (shows) {
    case 'not-found':
      return undefined;
    case 'no-id':
      return whole;
    case 'empty':
      return Buffer.alloc(0);
    case 'short':
      return whole.subarray(0, Math.floor(whole.length / 2));
    case 'growing':
      return whole.subarray(0, Math.floor(whole.length * share));
    case 'foreign':
      return Buffer.from(
        whole.toString('utf8').replaceAll('"custom_id":"', '"custom_id":"of-another-batch-'),
      );
  }
}

/** A late file's size as its object tells it: only that of a short file is the one it will have. */
export async function lateBytes(content: AsyncIterable<Buffer>, late: Late, bytes: number): Promise<number> {
  if (late.shows === 'short') return bytes;
  return (await lateContent(content, late))?.length ?? 0;
}
