import type { InputRef } from '../checkpoints/job.ts';
import { buildPrefix, buildStateKey, buildTableKey } from '../checkpoints/keys.ts';
import type { ReusedRows } from '../checkpoints/counts.ts';
import type { InputReading, Plan, RowProblem, ShardPlan } from '../checkpoints/plan.ts';
import { storedObject } from '../checkpoints/stored-object.ts';
import type { ObjectStore } from '../store/object-store.ts';
import type { EarlierJob } from '../reuse/reusable-jobs.ts';
import type { SavedEstimate } from './estimate-tokens.ts';
import type { Position } from './formats/position.ts';

/**
 * Everything that a build carries from one call of its step to the next. To carry more:
 *
 * - Add something small (counts, a few ids) as a field of {@link SavedBuilder}. `save` of `Builder` or `RowTaker` writes it; their
 *   constructors read it.
 * - Add a table that grows with the rows as an entry of {@link Tables}, with `dump` and `load` like those of `UniqueIds`.
 *
 * A build is saved between two batches of rows, never inside a batch. A resumed build must equal one that was not saved: however
 * the build is divided, shards and plan have the same bytes (`test/rows/build-on.test.ts`).
 */
export interface BuildState {
  /** Number of times that the build was saved. Each time uses other keys, so that a failed call leaves the earlier state. */
  readonly turn: number;
  /** Number of seeds tried, including this one. */
  readonly attempt: number;
  readonly seed: number;
  /**
   * Absent while all ids fit into one table. `survey`: there are too many, so all ids are read first; `surveyed`: the build
   * starts again and keeps only ids that occur more than once.
   */
  readonly ids?: 'survey' | 'surveyed' | undefined;
  readonly surveying?: SavedSurvey | undefined;
  /** Set while inputs are read. */
  readonly reading?: SavedReadingOfInputs | undefined;
  /** Set when all inputs are read, and possible duplicates are being confirmed. */
  readonly built?: Built | undefined;
}

/** A survey of the ids that is not finished. */
export interface SavedSurvey {
  readonly input: number;
  readonly place: Position;
  readonly builder: Pick<SavedBuilder, 'inputs' | 'hasSeenFields' | 'read'>;
  readonly earlierBytes?: number | undefined;
}

interface SavedReadingOfInputs {
  /** The current input, and the position in it. */
  readonly input: number;
  readonly place: Position;
  readonly builder: SavedBuilder;
  readonly writer: SavedWriter;
  /** Bytes read so far of the retried job's results, and of the sample's. */
  readonly earlierBytes?: number | undefined;
  readonly sampledBytes?: number | undefined;
  /** The jobs whose answers the build reuses; absent if it reuses none. */
  readonly earlierJobs?: readonly EarlierJob[] | undefined;
}

/** Counts and state of the rows so far. */
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
  /** Absent in states of earlier versions, and in jobs that do not reuse answers. */
  readonly reused?: ReusedRows | undefined;
  readonly tokens: SavedEstimate;
  readonly model?: string | undefined;
}

export interface SavedWriter {
  readonly plans: readonly ShardPlan[];
  readonly open?: SavedShard | undefined;
}

/** An unfinished shard: its files in the store so far, from which the next call continues. */
export interface SavedShard {
  readonly sent: number;
  readonly inputs: number;
  readonly invalid: number;
  readonly answered: number;
  readonly reused?: number | undefined;
  readonly deduplicated: number;
  readonly sentBehindInvalid: number;
  /** Size of each of its files that exists. */
  readonly bytes: {
    readonly requests: number;
    readonly sources?: number | undefined;
    readonly results?: number | undefined;
    readonly deadLetters?: number | undefined;
  };
}

/** The result after all inputs are read. */
export interface Built {
  readonly plan: Plan;
  /** Ids that are not found yet among the request lines, and the first shard that is not searched yet. */
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

/** Saves a build. Writes the state last, because it shows which tables count. */
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
 * @param at the turn in which they were loaded, or began
 * @param say writes the number of the turn that counts; called once its tables are stored
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

/** Loads the tables of a saved build. */
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

/** Deletes the saved state of a build whose plan is written. */
export async function forgetBuildState(store: ObjectStore, jobId: string): Promise<void> {
  for await (const { key } of store.list(buildPrefix(jobId))) await store.delete(key);
}

/** Progress of a build that is not finished and must be called again. */
export interface Unfinished {
  /** Rows so far. */
  readonly rows: number;
  readonly shards: number;
}
