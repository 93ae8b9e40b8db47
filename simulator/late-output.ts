import type { SimulatedBatch } from './batches.ts';
import type { LateOutput } from './faults.ts';
import type { SimulatorState } from './state.ts';

/** The kind of error in a late batch's files, and the share of the delay that has passed, from 0 to 1. */
export interface Late {
  readonly shows: LateOutput;
  readonly share: number;
}

/** The lateness of an ended batch whose files are not complete yet; undefined if they are. */
export function lateness({ actions, end }: SimulatedBatch, now: number): Late | undefined {
  const late = actions.find((action) => action.kind === 'late');
  if (late === undefined || end === undefined) return undefined;
  if (late.seconds === undefined) return { shows: late.shows, share: 0 };
  const share = (now - end.at) / (late.seconds * 1_000);
  return share < 1 ? { shows: late.shows, share: Math.max(0, share) } : undefined;
}

/** The batch as shown: a late one may not name its files yet. */
export function shownBatch(batch: SimulatedBatch, now: number): SimulatedBatch {
  if (batch.end === undefined || lateness(batch, now)?.shows !== 'no-id') return batch;
  return { ...batch, end: { ...batch.end, outputFileId: undefined, errorFileId: undefined } };
}

/** The lateness of a file's batch. */
export function latenessOf(state: SimulatorState, fileId: string, now: number): Late | undefined {
  const batch = [...state.batches.values()].find(
    ({ end }) => end?.outputFileId === fileId || end?.errorFileId === fileId,
  );
  return batch && lateness(batch, now);
}

/** A late file's content as shown; undefined if it is not found yet. Kept in memory, because only tests use this. */
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

/** A late file's size in its object. Only a short file reports its final size. */
export async function lateBytes(content: AsyncIterable<Buffer>, late: Late, bytes: number): Promise<number> {
  if (late.shows === 'short') return bytes;
  return (await lateContent(content, late))?.length ?? 0;
}
