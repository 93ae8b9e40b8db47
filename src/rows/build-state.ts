import type { InputRef } from '../checkpoints/job.ts';
import { buildPrefix, buildStateKey, buildTableKey } from '../checkpoints/keys.ts';
import type { ReusedRows } from '../checkpoints/counts.ts';
import type { InputReading, Plan, RowProblem, ShardPlan } from '../checkpoints/plan.ts';
import { storedObject } from '../checkpoints/stored-object.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { EarlierJob } from '../reuse/reusable-jobs.ts';
import type { SavedEstimate } from './estimate-tokens.ts';
import type { Place } from './formats/place.ts';

/**
 * Everything that a build carries from one call of its step to the next, in this one place. To carry more:
 *
 * - Something small (counts, a few ids) is a field of {@link SavedBuilder}: `save` of `Builder` or `RowTaker` writes it, their constructors read it.
 * - A table that grows with the rows is an entry of {@link Tables}, with `dump` and `load` as `UniqueIds` has them.
 *
 * A build is saved between two batches of rows, never inside of one. It must then be exactly what it would be had it not been
 * saved: however a job's build is divided, its shards and its plan are the same bytes (`test/rows/build-on.test.ts`).
 */
export interface BuildState {
  /** How often the build was saved: each time under other keys, so that a call that fails leaves the state before it. */
  readonly turn: number;
  /** Of the seeds that were tried, and this one. */
  readonly attempt: number;
  readonly seed: number;
  /**
   * Absent while all ids are in one table. `survey`: they are too many, and all of them are read first; `surveyed`: then the
   * build begins again, and remembers those that occur more than once.
   */
  readonly ids?: 'survey' | 'surveyed' | undefined;
  readonly surveying?: SavedSurvey | undefined;
  /** While inputs are read. */
  readonly reading?: SavedReadingOfInputs | undefined;
  /** When all inputs are read, and ids that look like duplicates are confirmed. */
  readonly built?: Built | undefined;
}

/** A survey of the ids that is not at its end. */
export interface SavedSurvey {
  readonly input: number;
  readonly place: Place;
  readonly builder: Pick<SavedBuilder, 'inputs' | 'hasSeenFields' | 'read'>;
  readonly earlierBytes?: number | undefined;
}

interface SavedReadingOfInputs {
  /** Which input is read, and where it goes on. */
  readonly input: number;
  readonly place: Place;
  readonly builder: SavedBuilder;
  readonly writer: SavedWriter;
  /** Bytes that were read of the results of the job that is retried, and of the sample. */
  readonly earlierBytes?: number | undefined;
  readonly sampledBytes?: number | undefined;
  /** The jobs whose answers the build takes; absent in jobs that reuse no answers. */
  readonly earlierJobs?: readonly EarlierJob[] | undefined;
}

/** What has become of the rows so far. */
export interface SavedBuilder {
  readonly suspects: readonly string[];
  readonly problems: readonly RowProblem[];
  readonly inputs: readonly (InputRef & InputReading)[];
  readonly hasSeenFields: boolean;
  readonly read: number;
  readonly rows: number;
  readonly invalid: number;
  readonly answered: number;
  readonly deduplicated: number;
  /** Absent in states of earlier versions, and in jobs that reuse no answers. */
  readonly reused?: ReusedRows | undefined;
  readonly tokens: SavedEstimate;
  readonly model?: string | undefined;
}

export interface SavedWriter {
  readonly plans: readonly ShardPlan[];
  readonly open?: SavedShard | undefined;
}

/** A shard that is not full: its files are in the store as far as they are written, and are begun with that. */
export interface SavedShard {
  readonly sent: number;
  readonly inputs: number;
  readonly invalid: number;
  readonly answered: number;
  readonly reused?: number | undefined;
  readonly deduplicated: number;
  readonly sentBehindInvalid: number;
  /** Bytes of its files, for those that are written. */
  readonly bytes: {
    readonly requests: number;
    readonly sources?: number | undefined;
    readonly results?: number | undefined;
    readonly deadLetters?: number | undefined;
  };
}

/** All inputs are read. */
export interface Built {
  readonly plan: Plan;
  /** Ids that are not found yet among the request lines, and the first shard that was not looked into. */
  readonly suspects: readonly string[];
  readonly shard: number;
}

/** Tables that grow with the rows, by name. */
export type Tables = Readonly<Record<string, CarriedTable>>;

export interface CarriedTable {
  dump(): Iterable<Uint8Array>;
  load(chunks: AsyncIterable<Uint8Array>): Promise<void>;
}

export const buildStateObject = storedObject<BuildState, string>(buildStateKey);

interface Turn {
  readonly jobId: string;
  readonly turn: number;
}

/** Saves a build; the state last, which says which tables count. */
export async function saveBuildState(
  store: ObjectStore,
  jobId: string,
  state: BuildState,
  tables: Tables,
): Promise<void> {
  await saveTables(store, { jobId, turn: state.turn }, tables, (turn) =>
    buildStateObject.write(store, jobId, { ...state, turn }),
  );
}

/**
 * Saves tables for the next turn.
 * @param at the turn that they were loaded at, or that began
 * @param say writes which turn counts; called once its tables are there
 */
export async function saveTables(
  store: ObjectStore,
  { jobId, turn: before }: Turn,
  tables: Tables,
  say: (turn: number) => Promise<void>,
): Promise<void> {
  const turn = before + 1;
  for (const [name, table] of Object.entries(tables)) {
    const writer = store.write(buildTableKey({ jobId, turn }, name));
    try {
      for (const chunk of table.dump()) await writer.write(chunk);
      await writer.close();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }
  await say(turn);
  for (const name of Object.keys(tables)) await store.delete(buildTableKey({ jobId, turn: before }, name));
}

/** Loads the tables of a build that was saved. */
export async function loadTables(store: ObjectStore, at: Turn, tables: Tables): Promise<void> {
  for (const [name, table] of Object.entries(tables)) {
    const key = buildTableKey(at, name);
    const object = await store.open(key);
    if (object === undefined) throw new Error(`There is no ${store.locate(key)}; was it deleted?`);
    try {
      await table.load(object.body);
    } finally {
      object.close();
    }
  }
}

/** Deletes what a build has saved: its plan is there. */
export async function forgetBuildState(store: ObjectStore, jobId: string): Promise<void> {
  for await (const { key } of store.list(buildPrefix(jobId))) await store.delete(key);
}

/** The build is not done: it has to be called again. */
export interface Unfinished {
  /** So far. */
  readonly rows: number;
  readonly shards: number;
}
