import type { Job } from '../../checkpoints/job.ts';
import type { ShardPlan } from '../../checkpoints/plan.ts';
import type { StepTime } from '../../pace.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { Builder } from '../builder.ts';
import type { Unfinished } from '../build-state.ts';
import type { Position } from '../formats/position.ts';
import { KnownRows } from '../known-rows.ts';
import { OtherShardFile } from '../open-shard.ts';
import type { RequestMaker } from '../request-maker.ts';
import { RowTaker } from '../row-taker.ts';
import { ShardWriter } from '../shard-writer.ts';
import {
  builtRunObject,
  entryOf,
  savedRunObject,
  type CutShards,
  type Division,
  type SavedRun,
  type ShardRun,
  type Slice,
} from './division.ts';
import { RunVerdicts } from './verdicts.ts';

interface RunToBuild {
  readonly job: Job;
  readonly division: Division;
  readonly cut: CutShards;
  readonly run: ShardRun;
  readonly requests: RequestMaker;
  readonly time: StepTime | undefined;
}

/** Builds the shards that begin in one slice, or continues as long as there is time. Returns undefined when they are built. */
export async function buildRun(store: ObjectStore, building: RunToBuild): Promise<Unfinished | undefined> {
  const { job, cut, run, requests, time } = building;
  const { jobId, profile } = job;
  const ref = { jobId, slice: run.slice };
  if ((await builtRunObject.read(store, ref)) !== undefined) return undefined;
  const { saved, writer } = await openRun(store, building);
  const done = saved.builder.rows - run.before;
  const verdicts = new RunVerdicts(store, {
    jobId,
    counts: cut.counts,
    slice: run.slice,
    row: run.skip + done,
  });
  const known = new KnownRows([verdicts], profile.dedupe && verdicts);
  const taker = new RowTaker({ job, requests, ids: verdicts, known, writer }, saved.builder);
  // The run ends before the first row of the next run.
  const ofRun = { ...job, limit: run.before + run.rows };
  const builder = new Builder({ job: ofRun, taker, earlier: undefined }, saved.builder);
  try {
    const stopped = await builder.takeAll(store, saved, time);
    if (stopped !== undefined) {
      // Another call for the same slice may have finished since. Then an unfinished shard must not replace its complete one.
      if ((await builtRunObject.read(store, ref)) !== undefined) {
        await writer.abort();
        return undefined;
      }
      const saving = { ...builder.save(), ...taker.save() };
      await savedRunObject.write(store, ref, { ...stopped, builder: saving, writer: await writer.suspend() });
      return { rows: saving.rows - run.before, shards: run.shards };
    }
    const plans = await writer.close();
    checkPlans(building, plans);
    const { invalid, problems, tokens } = taker.taken;
    await builtRunObject.write(store, ref, { invalid, problems, tokens: tokens.save(), shards: plans });
    return undefined;
  } catch (error) {
    await writer.abort();
    throw error;
  } finally {
    await verdicts.close();
  }
}

/** Opens the shards where an earlier call stopped. If two calls have stopped at different rows, the run starts again. */
async function openRun(
  store: ObjectStore,
  building: RunToBuild,
): Promise<{ readonly saved: SavedRun; readonly writer: ShardWriter }> {
  const { job, run } = building;
  const { jobId, profile, inputs } = job;
  const shards = { jobId, limits: profile.shardLimits, tellsSources: inputs.length > 1, first: run.shard };
  const open = async (saved: SavedRun): Promise<{ saved: SavedRun; writer: ShardWriter }> => ({
    saved,
    writer: await ShardWriter.open(store, shards, saved.writer),
  });
  const saved = await savedRunObject.read(store, { jobId, slice: run.slice });
  if (saved === undefined) return open(startOf(building));
  try {
    return await open(saved);
  } catch (error) {
    if (!(error instanceof OtherShardFile)) throw error;
    return open(startOf(building));
  }
}

function startOf({ division, cut, run }: RunToBuild): SavedRun {
  const { slice, skip, before, sent, model } = run;
  const { input } = division.slices[slice] as Slice;
  const earlier = division.slices.slice(0, slice);
  const lines = earlier.reduce(
    (sum, each, n) => sum + (each.input === input ? (cut.counts[n]?.lines ?? 0) : 0),
    0,
  );
  const entry = entryOf(division, slice, lines);
  const place: Position = entry === undefined ? { rows: skip } : { rows: 0, entry, skip };
  return {
    input,
    place,
    builder: {
      inputs: [],
      hasSeenFields: true,
      read: before,
      rows: before,
      suspects: [],
      problems: [],
      invalid: 0,
      answered: 0,
      deduplicated: 0,
      tokens: [sent, 0, 0],
      model,
    },
    writer: { plans: [] },
  };
}

/**
 * Checks that the shards that were planned from the notes are the same as those that were built from the rows. Otherwise a row
 * could be in no shard, or in two.
 */
function checkPlans({ job, cut, run }: RunToBuild, plans: readonly ShardPlan[]): void {
  const planned = cut.shards.slice(run.shard, run.shard + run.shards);
  // The notes do not contain the exact size of the lines of rows that are not sent.
  const built = plans.map(({ files: _files, ...plan }) => plan);
  if (JSON.stringify(planned) === JSON.stringify(built)) return;
  const at = planned.findIndex((shard, n) => JSON.stringify(shard) !== JSON.stringify(built[n]));
  throw new Error(
    `Job ${job.jobId}: shard ${run.shard + Math.max(at, 0)} was built as ${JSON.stringify(built[at])}, and was to be ${JSON.stringify(planned[at])}. Nothing was sent.`,
  );
}
