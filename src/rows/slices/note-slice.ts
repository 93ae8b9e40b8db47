import type { Job } from '../../checkpoints/job.ts';
import { sliceKey } from '../../checkpoints/keys.ts';
import { InvalidInput } from '../../errors.ts';
import type { StepTime } from '../../pace.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { Builder } from '../builder.ts';
import { Reading } from '../formats/reading.ts';
import type { RequestMaker } from '../request-maker.ts';
import {
  checkedSlice,
  entryOf,
  notedObject,
  SOME_LINES,
  type Division,
  type NotedSlice,
  type Slice,
} from './division.ts';
import { NoteTaker } from './notes.ts';

interface SliceToNote {
  readonly job: Job;
  readonly division: Division;
  readonly slice: number;
  readonly requests: RequestMaker;
  readonly time: StepTime | undefined;
}

/**
 * Reads the rows of a slice, and notes the data from which shards are planned. If one call has no time for all rows, that is recorded,
 * and the job is built in one pass, which continues from call to call.
 */
export async function noteSlice(store: ObjectStore, { requests, ...of }: SliceToNote): Promise<void> {
  const { job, slice } = of;
  const ref = { jobId: job.jobId, slice };
  if ((await notedObject.read(store, ref)) !== undefined) return;
  const writer = store.write(sliceKey(ref, 'notes.jsonl'));
  try {
    const notes = new NoteTaker(requests, job, writer);
    const noted = await readSlice(store, of, notes).catch(unreadable);
    if (noted.isUnreadable === true) {
      // Another call may have noted all rows meanwhile, and its notes stay.
      await writer.abort();
      await notedObject.create(store, ref, { ...noted, rows: notes.rows });
      return;
    }
    await notes.flush();
    await writer.close();
    await notedObject.write(store, ref, { ...noted, rows: notes.rows });
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

async function readSlice(
  store: ObjectStore,
  { job, division, slice, time }: Omit<SliceToNote, 'requests'>,
  notes: NoteTaker,
): Promise<Omit<NotedSlice, 'rows'>> {
  const { input, end } = division.slices[slice] as Slice;
  const entry = entryOf(division, slice, SOME_LINES);
  // The notices about the first row with fields are made once per job.
  const saved = { inputs: [], hasSeenFields: slice !== checkedSlice(division, job), read: 0 };
  const builder = new Builder({ job, taker: notes, earlier: undefined }, saved);
  const from = entry && { position: { rows: 0, entry } };
  const taken = await builder.takePart(store, { input, ...from, end, time });
  if (taken === undefined) return NOT_NOTED;
  const { reading, tracker } = taken;
  const lines = (tracker.mark?.lines ?? 0) - (entry === undefined ? 0 : SOME_LINES);
  return { lines, hasSeenFields: builder.save().hasSeenFields, reading };
}

/** Records an invalid slice as unreadable. The build in one pass then reports the error with its line. */
function unreadable(error: unknown): Omit<NotedSlice, 'rows'> {
  if (!(error instanceof InvalidInput)) throw error;
  return NOT_NOTED;
}

const NOT_NOTED: Omit<NotedSlice, 'rows'> = {
  lines: 0,
  hasSeenFields: false,
  reading: new Reading().save(),
  isUnreadable: true,
};
