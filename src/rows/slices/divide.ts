import { basename } from 'node:path/posix';
import type { InputRef, Job } from '../../checkpoints/job.ts';
import { SLICED_BUILD } from '../../cost/step-seconds.ts';
import type { StepTime } from '../../pace.ts';
import { sideBySide } from '../../concurrency/side-by-side.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { canBeEntered } from '../formats/format-names.ts';
import { PositionTracker } from '../formats/position.ts';
import { PEEK_BYTES } from '../formats/peek.ts';
import { Reading } from '../formats/reading.ts';
import { readInput } from '../read-input.ts';
import type { Division, Head, Slice } from './division.ts';
import { findCut } from './find-cut.ts';

/**
 * Least slices of a divided job. Inputs with fewer slices are built in one pass, because a division costs half a minute and reads
 * the rows twice.
 */
const LEAST_SLICES = SLICED_BUILD.leastBytes / SLICED_BUILD.sliceBytes;

/** Most slices of a job. Each is a child of the machine's map, like a shard. */
const MAX_SLICES = 40_000;

/**
 * Most bytes of a slice, as a multiple of the requested size, because one call reads a slice. Without this limit, a slice of an
 * input without row ends would not end.
 */
const MAX_SHARE = 4;

/** Largest requested size if a call has a time limit: one call notes a slice, which then may have four times as many bytes. */
const MOST_IN_LIMITED_TIME = 4 * SLICED_BUILD.sliceBytes;

/**
 * Bytes of a slice; undefined if jobs are never divided. On one machine the default is undefined: slices would share its cores,
 * and their rows are read twice.
 * @param asked the size in the configuration
 */
export function bytesOfSlice(asked: number | undefined, time: StepTime | undefined): number | undefined {
  if (time === undefined) return asked;
  return Math.min(asked ?? SLICED_BUILD.sliceBytes, MOST_IN_LIMITED_TIME);
}

/** Boundaries that are searched in parallel, with 8 MiB after each. */
const LOOKS_AT_ONCE = 8;

/** Bytes that show how a file is read: a byte order mark, a line that names the delimiter, and the bytes for detection. */
const START_BYTES = PEEK_BYTES + 64;

/** Largest input that cannot be read from its middle, as a share of a slice; compressed, it may contain a hundred times as much. */
const WHOLE_SHARE = 1 / 64;

/**
 * Divides the inputs of a job into slices of about this many bytes. Returns undefined for a job that is built in one pass: a
 * small job, a job with an input that cannot be read from its middle, or a job whose rows depend on the results of another job.
 */
export async function divide(
  store: ObjectStore,
  job: Job,
  sliceBytes: number,
): Promise<Division | undefined> {
  if ((job.limit ?? job.retry ?? job.sample ?? job.profile.reuse) !== undefined) return undefined;
  const sizes = await sideBySide(job.inputs, (input) => sizeOf(store, input));
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes < LEAST_SLICES * sliceBytes || bytes > MAX_SLICES * sliceBytes) return undefined;
  const heads: (Head | undefined)[] = [];
  const slices: Slice[] = [];
  for (const [input, size] of sizes.entries()) {
    const isWhole = size <= WHOLE_SHARE * sliceBytes;
    const head = isWhole ? undefined : await readHead(store, job, job.inputs[input] as InputRef);
    if (head === undefined && !isWhole) return undefined;
    heads.push(head);
    const starts = head === undefined ? [0] : await startsOf(store, job, { input, size, head, sliceBytes });
    for (const [n, start] of starts.entries()) {
      const end = starts[n + 1];
      if ((end ?? size) - start > MAX_SHARE * Math.max(sliceBytes, START_BYTES)) return undefined;
      slices.push({ input, start, end });
    }
  }
  return { phase: 'note', slices, heads };
}

/** Bytes of the version of an input that the job reads. The key may already have a newer version. */
async function sizeOf(store: ObjectStore, { key, version, etag }: InputRef): Promise<number> {
  const object = await store.open(key, { version, etag, end: 1 });
  object?.close();
  return object?.bytes ?? 0;
}

/** Reads the start of an input. Returns undefined if the input cannot be read from its middle. */
async function readHead(store: ObjectStore, job: Job, input: InputRef): Promise<Head | undefined> {
  if (!canBeEntered(basename(input.key))) return undefined;
  const tracker = new PositionTracker();
  const reading = new Reading();
  for await (const rows of readInput(store, input, job.profile, { reading, tracker }))
    if (rows.length > 0) break;
  return tracker.mark && { ...tracker.mark, reading: reading.save() };
}

interface LargeInput {
  readonly input: number;
  readonly size: number;
  readonly head: Head;
  readonly sliceBytes: number;
}

async function startsOf(
  store: ObjectStore,
  { inputs, profile }: Job,
  { input, size, head, sliceBytes }: LargeInput,
): Promise<number[]> {
  const ref = inputs[input] as InputRef;
  const first = Math.max(sliceBytes, START_BYTES, head.offset);
  const asked = Array.from(
    { length: Math.max(0, Math.ceil((size - first) / sliceBytes)) },
    (_, n) => first + n * sliceBytes,
  );
  const found = await sideBySide(
    asked,
    (near) => findCut(store, ref, { near, head, table: profile.table }),
    LOOKS_AT_ONCE,
  );
  // Several boundaries may find the same end if a row is longer than a slice.
  const cuts = found.filter((cut): cut is number => cut !== undefined && cut < size);
  return [...new Set([0, ...cuts])].toSorted((a, b) => a - b);
}
