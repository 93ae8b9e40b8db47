import { basename } from 'node:path/posix';
import type { Job } from '../../checkpoints/job.ts';
import type { RowProblem, ShardPlan } from '../../checkpoints/plan.ts';
import { divisionKey, sliceKey, slicesKey, type SliceRef } from '../../checkpoints/keys.ts';
import { storedObject } from '../../checkpoints/stored-object.ts';
import type { SavedBuilder, SavedWriter } from '../build-state.ts';
import type { SavedEstimate } from '../estimate-tokens.ts';
import { isTable } from '../formats.ts';
import type { Entry, Mark, Place } from '../formats/place.ts';
import type { SavedReading } from '../formats/reading.ts';

/** A part of one input, from the start of a row to the start of another. */
export interface Slice {
  readonly input: number;
  /** Bytes of the input. The last slice of an input has no end, so that it is read as far as the input is. */
  readonly start: number;
  readonly end?: number | undefined;
}

/** What the start of an input tells of its other slices; absent for an input of one slice. */
export type Head = Mark & { readonly reading: SavedReading };

/** How a build is divided. Whatever the division is, the shards and the plan are the same bytes. */
export interface Division {
  /**
   * `note`: each slice notes its rows, which tell where the shards begin; `build`: the shards are built. `whole`: the job cannot be
   * divided after all, and is built in one pass.
   */
  readonly phase: 'note' | 'build' | 'whole';
  readonly slices: readonly Slice[];
  readonly heads: readonly (Head | undefined)[];
  /** Once the shards are cut. */
  readonly cut?: CutShards | undefined;
}

/** Where the shards of a job begin, and what they hold. */
export interface CutShards {
  readonly rows: number;
  readonly shards: readonly ShardPlan[];
  readonly runs: readonly ShardRun[];
  /** Of each slice. */
  readonly counts: readonly SliceCounts[];
}

export interface SliceCounts {
  readonly rows: number;
  readonly lines: number;
  /** It has rows that are not sent under their own id. */
  readonly hasVerdicts: boolean;
}

/** The shards that begin in one slice: they are built together, from one reading of their rows. */
export interface ShardRun {
  readonly slice: number;
  /** Rows of the slice before the first of them. */
  readonly skip: number;
  /** Rows of the job before it. */
  readonly before: number;
  readonly rows: number;
  /** The first of them, and how many they are. */
  readonly shard: number;
  readonly shards: number;
  /** Rows of the job that are sent before. */
  readonly sent: number;
  /** Of the first row of the job that has one, if it is before. */
  readonly model?: string | undefined;
}

/** How a slice was read. */
export interface NotedSlice {
  readonly rows: number;
  readonly lines: number;
  readonly hasSeenFields: boolean;
  readonly reading: SavedReading;
  /** It cannot be read by itself. */
  readonly isUnreadable?: true;
}

/** The building of a run of shards between two calls. */
export interface SavedRun {
  readonly input: number;
  readonly place: Place;
  readonly builder: SavedBuilder;
  readonly writer: SavedWriter;
}

/** What came of the rows of a run. */
export interface BuiltRun {
  readonly invalid: number;
  readonly problems: readonly RowProblem[];
  readonly tokens: SavedEstimate;
}

export const divisionObject = storedObject<Division, string>(divisionKey);
export const slicesObject = storedObject<readonly { readonly slice: number }[], string>(slicesKey);
export const notedObject = storedObject<NotedSlice, SliceRef>((ref) => sliceKey(ref, 'noted.json'));
export const savedRunObject = storedObject<SavedRun, SliceRef>((ref) => sliceKey(ref, 'state.json'));
export const builtRunObject = storedObject<BuiltRun, SliceRef>((ref) => sliceKey(ref, 'built.json'));

/** Lines before a slice that is read before anybody knows them. Not 0: a byte order mark counts only in a file's first line. */
export const SOME_LINES = 1;

/** The first slice of the first input that is no table: its first row is checked for the whole job. */
export function checkedSlice(
  { slices }: Pick<Division, 'slices'>,
  { inputs }: Pick<Job, 'inputs'>,
): number | undefined {
  const input = inputs.findIndex(({ key }) => !isTable(basename(key)));
  return input === -1 ? undefined : slices.findIndex((slice) => slice.input === input);
}

/** Where the rows of a slice are read from; undefined for the start of its input. */
export function entryOf({ heads, slices }: Division, slice: number, lines: number): Entry | undefined {
  const { input, start } = slices[slice] as Slice;
  const head = heads[input];
  if (start === 0 || head === undefined) return undefined;
  return { ...head, offset: start, lines, reading: { ...head.reading, tallies: [] } };
}
