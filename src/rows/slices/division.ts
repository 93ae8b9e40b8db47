import { basename } from 'node:path/posix';
import type { Job } from '../../checkpoints/job.ts';
import type { RowProblem, ShardPlan } from '../../checkpoints/plan.ts';
import { divisionKey, sliceKey, slicesKey, type SliceRef } from '../../checkpoints/keys.ts';
import { storedObject } from '../../checkpoints/stored-object.ts';
import type { Failure } from '../../errors.ts';
import type { SavedBuilder, SavedWriter } from '../build-state.ts';
import type { SavedEstimate } from '../estimate-tokens.ts';
import { isTable } from '../formats/format-names.ts';
import type { Entry, Mark, Position } from '../formats/position.ts';
import type { SavedReading } from '../formats/reading.ts';

/** A part of one input, from the start of a row to the start of another. */
export interface Slice {
  readonly input: number;
  /** Byte positions in the input. The last slice of an input has no end, so that it is read to the end of the input. */
  readonly start: number;
  readonly end?: number | undefined;
}

/** The facts from the start of an input that the other slices need; absent for an input of one slice. */
export type Head = Mark & { readonly reading: SavedReading };

/** The division of a build into slices. The shards and the plan have the same bytes with any division. */
export interface Division {
  /**
   * `note`: each slice notes its rows, from which the shards are planned. `build`: the shards are built. `whole`: the job cannot
   * be divided after all, and is built in one pass.
   */
  readonly phase: 'note' | 'build' | 'whole';
  readonly slices: readonly Slice[];
  readonly heads: readonly (Head | undefined)[];
  /** Set once the shards are planned. */
  readonly cut?: CutShards | undefined;
}

/** The starts of a job's shards, and their contents. */
export interface CutShards {
  readonly rows: number;
  readonly shards: readonly ShardPlan[];
  readonly runs: readonly ShardRun[];
  /** Counts of each slice. */
  readonly counts: readonly SliceCounts[];
}

export interface SliceCounts {
  readonly rows: number;
  readonly lines: number;
  /** True if it has rows that are not sent under their own id. */
  readonly hasVerdicts: boolean;
}

/** The shards that begin in one slice. They are built together, so that their rows are read once. */
export interface ShardRun {
  readonly slice: number;
  /** Rows of the slice before the first of these shards. */
  readonly skip: number;
  /** Rows of the job before the first of these shards. */
  readonly before: number;
  readonly rows: number;
  /** The number of the first shard, and the number of shards. */
  readonly shard: number;
  readonly shards: number;
  /** Rows to send in earlier shards. */
  readonly sent: number;
  /** The model of the job's first row with a model, if that row is in an earlier shard. */
  readonly model?: string | undefined;
}

/** The result of reading a slice. */
export interface NotedSlice {
  readonly rows: number;
  readonly lines: number;
  readonly hasSeenFields: boolean;
  readonly reading: SavedReading;
  /** True if it cannot be read separately, or not within the time of one call. */
  readonly isUnreadable?: true;
}

/** The building of a run of shards between two calls. */
export interface SavedRun {
  readonly input: number;
  readonly place: Position;
  readonly builder: SavedBuilder;
  readonly writer: SavedWriter;
}

/** The result of building a run. */
export interface BuiltRun {
  readonly invalid: number;
  readonly problems: readonly RowProblem[];
  readonly tokens: SavedEstimate;
  /** The shards as they were built; absent in runs of earlier versions. */
  readonly shards?: readonly ShardPlan[] | undefined;
}

export const divisionObject = storedObject<Division, string>(divisionKey);
export const slicesObject = storedObject<readonly { readonly slice: number }[], string>(slicesKey);
export const notedObject = storedObject<NotedSlice, SliceRef>((ref) => sliceKey(ref, 'noted.json'));
export const savedRunObject = storedObject<SavedRun, SliceRef>((ref) => sliceKey(ref, 'state.json'));
export const sliceTroubleObject = storedObject<Failure, SliceRef>((ref) => sliceKey(ref, 'trouble.json'));
export const builtRunObject = storedObject<BuiltRun, SliceRef>((ref) => sliceKey(ref, 'built.json'));

/**
 * Assumed number of lines before a slice, while it is unknown. Not 0, because a byte order mark is allowed only in a file's first
 * line.
 */
export const SOME_LINES = 1;

/** The first slice of the first input that is not a table; its first row is checked for the whole job. */
export function checkedSlice(
  { slices }: Pick<Division, 'slices'>,
  { inputs }: Pick<Job, 'inputs'>,
): number | undefined {
  const input = inputs.findIndex(({ key }) => !isTable(basename(key)));
  return input === -1 ? undefined : slices.findIndex((slice) => slice.input === input);
}

/** The position from which the rows of a slice are read; undefined for the start of its input. */
export function entryOf({ heads, slices }: Division, slice: number, lines: number): Entry | undefined {
  const { input, start } = slices[slice] as Slice;
  const head = heads[input];
  if (start === 0 || head === undefined) return undefined;
  return { ...head, offset: start, lines, reading: { ...head.reading, tallies: [] } };
}
