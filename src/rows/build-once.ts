import type { InputRef, Job } from '../checkpoints/job.ts';
import type { InputReading, Plan } from '../checkpoints/plan.ts';
import { planKey, shardsPrefix } from '../checkpoints/keys.ts';
import type { StepTime } from '../pace.ts';
import { EarlierAnswers } from '../reuse/earlier-answers.ts';
import type { Leaders } from '../reuse/leaders.ts';
import type { EarlierJob } from '../reuse/reusable-jobs.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { loadTables, saveBuildState, type BuildState, type Built, type Unfinished } from './build-state.ts';
import { Builder } from './builder.ts';
import { EarlierResults } from './earlier-results.ts';
import { jobIds } from './ids/job-ids.ts';
import { KnownRows } from './known-rows.ts';
import { planFailure } from './plan-failure.ts';
import type { RequestMaker } from './request-maker.ts';
import { RowsAhead } from './rows-ahead.ts';
import { RowTaker, type Taken } from './row-taker.ts';
import { SampledAnswers } from './sampled-answers.ts';
import { ShardWriter } from './shard-writer.ts';
import type { UniqueIds } from './ids/unique-ids.ts';

/** One call of a build. */
export interface Calling {
  readonly store: ObjectStore;
  readonly job: Job;
  readonly requests: RequestMaker;
  readonly ids: UniqueIds;
  /** Absent if each row is sent, even with a request like another row's. */
  readonly leaders: Leaders | undefined;
  readonly time: StepTime | undefined;
  /** The earlier jobs whose answers may be reused. Default: the current ones. */
  readonly earlierJobs?: readonly EarlierJob[] | undefined;
}

/** The state in which a call of a build begins. */
export type Start = Pick<BuildState, 'turn' | 'attempt' | 'seed' | 'ids' | 'surveying' | 'built' | 'reading'>;

/** Reads the inputs to their end, or until time runs short. */
export async function buildOnce(calling: Calling, start: Start): Promise<Built | Unfinished> {
  const { store, job, ids, leaders, time } = calling;
  const tables = { ids, ...leaders?.tables };
  const saved = start.reading;
  if (saved !== undefined) await loadTables(store, { jobId: job.jobId, turn: start.turn }, tables);
  const reusing = await EarlierAnswers.open(store, job, { jobs: saved?.earlierJobs ?? calling.earlierJobs });
  if (reusing !== undefined && saved === undefined) await forgetUnsent(store, job.jobId);
  const writer = await ShardWriter.open(
    store,
    { jobId: job.jobId, limits: job.profile.shardLimits, tellsSources: job.inputs.length > 1 },
    saved?.writer,
  );
  await using earlier = EarlierResults.of(store, job, saved?.earlierBytes);
  await using sampled = SampledAnswers.of(store, job, saved?.sampledBytes);
  const known = new KnownRows(sampled === undefined ? [] : [sampled], leaders);
  const ahead = reusing && new RowsAhead(reusing);
  const taker = new RowTaker({ ...calling, ids: jobIds(ids, job), known, writer, ahead }, saved?.builder);
  const builder = new Builder({ job, taker, earlier }, saved?.builder);
  try {
    const stopped = await builder.takeAll(store, saved, time);
    await ahead?.flush();
    if (stopped !== undefined) {
      // Another call may have finished the build meanwhile. Its complete shard must not be replaced by an unfinished one.
      if ((await store.stat(planKey(job.jobId))) !== undefined) {
        await writer.abort();
        return { rows: taker.taken.rows, shards: 0 };
      }
      const reading = {
        ...stopped,
        builder: { ...builder.save(), ...taker.save() },
        writer: await writer.suspend(),
        earlierBytes: earlier?.bytes,
        sampledBytes: sampled?.bytes,
        earlierJobs: reusing?.jobs,
      };
      await saveBuildState(store, job.jobId, { ...start, reading }, tables);
      return { rows: reading.builder.rows, shards: reading.writer.plans.length };
    }
    await earlier?.end();
    const plan = {
      ...planOf(job, builder, { ...taker.taken, shards: await writer.close() }),
      ...(reusing && { earlierJobs: reusing.jobs }),
    };
    return { plan, suspects: [...taker.suspects], shard: 0 };
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

/**
 * Deletes the lines that a failed call has written for rows that are not sent. The answers of earlier jobs may have changed since
 * then, so that a shard may no longer have such rows.
 */
async function forgetUnsent(store: ObjectStore, jobId: string): Promise<void> {
  for await (const { key } of store.list(shardsPrefix(jobId)))
    if (key.includes('/round-0.')) await store.delete(key);
}

interface ReadInputs {
  readonly inputs: readonly (InputRef & InputReading)[];
  readonly hasMore: boolean;
}

export function planOf(
  job: Job,
  { inputs, hasMore }: ReadInputs,
  { rows, invalid, answered, deduplicated, reused, tokens, problems, shards }: Taken & Pick<Plan, 'shards'>,
): Plan {
  const bytes = shards.reduce((sum, shard) => sum + shard.bytes, 0);
  const plan: Plan = {
    rows,
    invalid,
    ...(answered > 0 && { answered }),
    ...(deduplicated > 0 && { deduplicated }),
    ...(reused.rows > 0 && { reused }),
    ...(hasMore && { hasMore: true }),
    inputTokens: tokens.total(bytes),
    inputs,
    shards,
    problems,
  };
  const failure = planFailure(plan, job);
  return failure === undefined ? plan : { ...plan, failure };
}
