import type { Job } from '../../checkpoints/job.ts';
import { cutStateKey } from '../../checkpoints/keys.ts';
import { storedObject } from '../../checkpoints/stored-object.ts';
import type { StepTime } from '../../pace.ts';
import type { Leaders } from '../../reuse/leaders.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { leadersOf, MAX_SEEDS, newHash, newSeed, type BuildParts } from '../build-shards.ts';
import { loadTables, saveTables, type Tables, type Unfinished } from '../build-state.ts';
import { ID_BOUNDS, IdSurvey, type IdBounds } from '../ids/id-survey.ts';
import { RepeatedIds } from '../ids/repeated-ids.ts';
import { generatedId } from '../request-line.ts';
import { createUniqueIds, ManyIds, type UniqueIds } from '../ids/unique-ids.ts';
import { confirmSlice } from './confirm-cut.ts';
import type { CutShards, Division, NotedSlice, Slice, SliceCounts } from './division.ts';
import { readNotes } from './notes.ts';
import { ShardCutter, type SavedCutter } from './shard-cutter.ts';
import { VerdictWriter } from './verdicts.ts';

/** The position of the passes over the notes of a job. Between two slices, another call can continue. */
interface CutState {
  readonly turn: number;
  readonly attempt: number;
  readonly seed: number;
  /**
   * `survey`: finds ids that occur more than once, if there are too many for one table. `confirm`: compares suspected duplicates.
   */
  readonly pass: 'survey' | 'cut' | 'confirm';
  readonly isSurveyed: boolean;
  /** The next slice of the pass. */
  readonly slice: number;
  /** Rows before it. */
  readonly rows: number;
  readonly cutter?: SavedCutter | undefined;
  readonly hasVerdicts: readonly boolean[];
}

const cutStateObject = storedObject<CutState, string>(cutStateKey);

export interface Cutting extends Pick<BuildParts, 'createIds' | 'createHash' | 'bounds'> {
  readonly store: ObjectStore;
  readonly job: Job;
  readonly division: Division;
  /** The notes of each slice. */
  readonly noted: readonly NotedSlice[];
  readonly time: StepTime | undefined;
}

/** State that the passes of one attempt share. */
interface Attempt extends Cutting {
  readonly idBounds: IdBounds;
  readonly leaders: Leaders | undefined;
}

/**
 * Finds where the shards of a job begin, from the notes of its slices, or continues as long as there is time.
 * @throws InvalidInput when the job has too many rows, repeated ids or shards; NotDivisible when the notes do not suffice
 */
export async function cutShards(cutting: Cutting): Promise<CutShards | Unfinished> {
  const { store, job, createHash = newHash } = cutting;
  let state: CutState | undefined = await cutStateObject.read(store, job.jobId);
  for (let attempt = state?.attempt ?? 1; ; attempt += 1) {
    const start = state ?? beginning({ turn: 0, attempt, seed: newSeed() });
    const leaders = leadersOf(job, start, createHash);
    const made = await cutUnder(
      { ...cutting, idBounds: { ...ID_BOUNDS, ...cutting.bounds }, leaders },
      start,
    );
    if (!('innocent' in made)) return made;
    if (attempt === MAX_SEEDS)
      throw new Error(`Job ${job.jobId}: ${made.innocent} ids share their hash with others.`);
    state = beginning({ ...start, turn: made.turn, attempt: attempt + 1, seed: newSeed() });
  }
}

const beginning = ({ turn, attempt, seed }: Pick<CutState, 'turn' | 'attempt' | 'seed'>): CutState => ({
  turn,
  attempt,
  seed,
  pass: 'cut',
  isSurveyed: false,
  slice: 0,
  rows: 0,
  hasVerdicts: [],
});

/** Number of rows that only share a hash with the row that they seem to repeat. */
interface Innocent {
  readonly innocent: number;
  readonly turn: number;
}

async function cutUnder(attempt: Attempt, start: CutState): Promise<CutShards | Unfinished | Innocent> {
  if (start.pass === 'confirm') return confirm(attempt, start);
  if (start.pass === 'survey') return surveyFirst(attempt, start);
  const { seed, isSurveyed } = start;
  const { createIds, idBounds } = attempt;
  if (isSurveyed) return cut(attempt, start, new RepeatedIds(seed));
  try {
    return await cut(attempt, start, createIds?.(seed) ?? createUniqueIds(seed, idBounds.atOnce));
  } catch (error) {
    if (!(error instanceof ManyIds)) throw error;
  }
  // The leaders have already added rows, so new ones are created.
  const leaders = leadersOf(attempt.job, start, attempt.createHash ?? newHash);
  const again = { ...beginning(start), pass: 'survey' } as const;
  return surveyFirst({ ...attempt, leaders }, again);
}

async function surveyFirst(attempt: Attempt, start: CutState): Promise<CutShards | Unfinished | Innocent> {
  const { job, idBounds } = attempt;
  const survey = new IdSurvey({ job, seed: start.seed, bounds: idBounds });
  const passed = await overSlices(attempt, { start, tables: survey.tables }, async (slice, rows) => {
    let ordinal = rows;
    survey.startFile(inputOf(attempt, slice));
    for await (const notes of readNotes(attempt.store, { jobId: job.jobId, slice }))
      for (const { id, isValid } of notes) {
        ordinal += 1;
        survey.note(isValid ? (id ?? generatedId(ordinal)) : undefined, ordinal);
      }
    return {};
  });
  if ('shards' in passed) return passed;
  const next = { ...beginning(passed), isSurveyed: true };
  return cut(attempt, next, survey.repeated);
}

async function cut(
  attempt: Attempt,
  start: CutState,
  ids: UniqueIds,
): Promise<CutShards | Unfinished | Innocent> {
  const { job, leaders, division } = attempt;
  const cutter = new ShardCutter({ job, ids, leaders }, start.cutter);
  const hasVerdicts = [...start.hasVerdicts];
  const passed = await overSlices(attempt, { start, tables: { ids, ...leaders?.tables } }, async (slice) => {
    cutter.startSlice(slice, division.slices[slice] as Slice);
    hasVerdicts.push(await cutSlice(attempt, cutter, slice));
    return { cutter: cutter.save(), hasVerdicts };
  });
  if ('shards' in passed) return passed;
  const next = { ...passed, pass: 'confirm', slice: 0, rows: 0, cutter: cutter.save(), hasVerdicts } as const;
  return confirm(attempt, next);
}

/**
 * Divides the rows of a slice among shards, and writes its verdicts.
 * @returns whether rows of the slice are not sent under their own id
 */
async function cutSlice(
  { store, job: { jobId } }: Attempt,
  cutter: ShardCutter,
  slice: number,
): Promise<boolean> {
  const verdicts = new VerdictWriter(store, { jobId, slice });
  try {
    let row = 0;
    for await (const notes of readNotes(store, { jobId, slice })) {
      for (const note of notes) {
        const verdict = cutter.take(note);
        if (verdict !== undefined) await verdicts.add(row, verdict);
        row += 1;
      }
    }
    return await verdicts.close();
  } catch (error) {
    await verdicts.abort();
    throw error;
  }
}

async function confirm(attempt: Attempt, start: CutState): Promise<CutShards | Unfinished | Innocent> {
  const { store, job, leaders } = attempt;
  const cutter = new ShardCutter({ job, ids: new RepeatedIds(start.seed), leaders }, start.cutter);
  const { suspects } = cutter;
  const counts = countsOf(attempt, start);
  const tables = leaders === undefined ? {} : { led: leaders.tables.led };
  const isDone = (): boolean => suspects.size + (leaders?.unconfirmed ?? 0) === 0;
  const passed = await overSlices(attempt, { start, tables, isDone }, async (slice, rows) => {
    await confirmSlice(
      store,
      { jobId: job.jobId, slice, rows, counts: counts[slice] as SliceCounts },
      { suspects, leaders },
    );
    return { cutter: { ...cutter.save(), suspects: [...suspects] } };
  });
  if ('shards' in passed) return passed;
  const left = suspects.size + (leaders?.unconfirmed ?? 0);
  return left > 0 ? { innocent: left, turn: passed.turn } : { ...cutter.close(), counts };
}

function countsOf({ noted }: Attempt, { hasVerdicts }: CutState): SliceCounts[] {
  return noted.map(({ rows, lines }, slice) => ({ rows, lines, hasVerdicts: hasVerdicts[slice] === true }));
}

interface PassOverSlices {
  readonly start: CutState;
  /** The tables that a pass carries from slice to slice. */
  readonly tables: Tables;
  readonly isDone?: () => boolean;
}

/**
 * Calls `take` for each remaining slice, and saves the position when time runs short.
 * @param take returns the state after the slice
 */
async function overSlices(
  { store, job: { jobId }, noted, time }: Attempt,
  { start, tables, isDone = () => false }: PassOverSlices,
  take: (slice: number, rows: number) => Promise<Partial<CutState>>,
): Promise<CutState | Unfinished> {
  if (start.slice > 0) await loadTables(store, { jobId, turn: start.turn }, tables);
  let state = start;
  while (state.slice < noted.length && !isDone()) {
    const { slice, rows } = state;
    if (slice > start.slice && time?.isShort() === true) {
      const { turn } = state;
      await saveTables(store, { jobId, turn }, tables, (next) =>
        cutStateObject.write(store, jobId, { ...state, turn: next }),
      );
      return { rows, shards: state.cutter?.shards.length ?? 0 };
    }
    const carried = await take(slice, rows);
    state = { ...state, ...carried, slice: slice + 1, rows: rows + (noted[slice]?.rows ?? 0) };
  }
  return state;
}

function inputOf({ job, division }: Attempt, slice: number): Job['inputs'][number] {
  const { input } = division.slices[slice] as Slice;
  return job.inputs[input] as Job['inputs'][number];
}
