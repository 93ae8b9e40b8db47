import { randomInt } from 'node:crypto';
import type { StepTime } from '../pace.ts';
import type { Plan } from '../checkpoints/plan.ts';
import type { Job } from '../checkpoints/job.ts';
import { roundKey } from '../checkpoints/keys.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { Leaders } from '../reuse/leaders.ts';
import { RequestHash } from '../reuse/request-hash.ts';
import { buildOnce, type Calling, type Start } from './build-once.ts';
import type { BuildState, Built, Unfinished } from './build-state.ts';
import { findInnocent } from './ids/confirm-duplicates.ts';
import { ID_BOUNDS, type IdBounds } from './ids/id-survey.ts';
import { RepeatedIds } from './ids/repeated-ids.ts';
import { OtherShardFile } from './open-shard.ts';
import type { RequestRules } from './request-line.ts';
import { RuleRequests, type RequestMaker } from './request-maker.ts';
import { rulesOf } from './request-rules.ts';
import { surveyIds } from './ids/survey-ids.ts';
import { createUniqueIds, ManyIds, type UniqueIds } from './ids/unique-ids.ts';

/** Most seeds to try. With each seed, one of 370,000 jobs with 10,000,000 rows fails. */
export const MAX_SEEDS = 4;

/** The largest seed that `randomInt` can return. */
const SEEDS = 2 ** 48 - 1;

/**
 * A random seed, so that nobody can write an input with ids that share a hash. The output does not depend on it, so a restarted
 * build may use another one.
 */
export const newSeed = (): number => randomInt(SEEDS);

/**
 * Writes the shards of a job and returns its plan. Streams: memory holds a chunk of input, a hash per id, and a block per open
 * file. The same input always gives the same bytes.
 * @throws InvalidInput when an input does not exist or cannot be read as its format
 */
export async function buildShards(store: ObjectStore, job: Job, parts: BuildParts = {}): Promise<Plan> {
  const built = await build(store, job, parts, undefined);
  if (isPlan(built)) return built;
  throw new Error(`Job ${job.jobId}: a build without a time limit has not ended.`);
}

/**
 * {@link buildShards} in several calls: a call that runs short of time saves its position, and the next one continues there. The
 * shards and the plan are the same, however the work is divided.
 */
export async function buildOn(
  store: ObjectStore,
  job: Job,
  { from, ...parts }: BuildParts & OneCall,
): Promise<Plan | Unfinished> {
  return build(store, job, parts, from);
}

/** One call of a build. */
interface OneCall {
  readonly time: StepTime | undefined;
  /** The state that the previous call saved. */
  readonly from: BuildState | undefined;
}

async function build(
  store: ObjectStore,
  job: Job,
  parts: BuildParts & { time?: StepTime | undefined },
  from: BuildState | undefined,
): Promise<Plan | Unfinished> {
  const { createRequests = byRules, time, earlierJobs } = parts;
  const shared = { store, job, requests: createRequests(rulesOf(job.profile)), time, earlierJobs };
  const turn = from?.turn ?? 0;
  let state: Start | undefined = from;
  let ids = from?.ids;
  for (let attempt = state?.attempt ?? 1; ; attempt += 1) {
    const start: Start = state ?? { turn, attempt, seed: newSeed(), ids };
    const passed = await buildFrom(shared, start, parts);
    if ('rows' in passed) return passed;
    const { calling, built } = passed;
    const innocent = await findInnocent(calling, passed.start, built);
    if (typeof innocent !== 'number') return innocent;
    if (innocent === 0) return built.plan;
    if (attempt === MAX_SEEDS)
      throw new Error(`Job ${job.jobId}: ${innocent} ids share their hash with others.`);
    await forgetInvalid(store, job.jobId, built.plan);
    state = undefined;
    // Surveys the ids again with the new seed.
    ids = passed.start.ids && 'survey';
  }
}

/** The result after all inputs are read. */
interface Passed {
  readonly calling: Calling;
  readonly start: Start;
  readonly built: Built;
}

/**
 * Continues a build. Begins with the first row again if two calls have stopped at different rows: the shard then differs from the
 * saved state.
 */
async function buildFrom(
  shared: Omit<Calling, 'ids' | 'leaders'>,
  start: Start,
  parts: BuildParts,
): Promise<Passed | Unfinished> {
  try {
    return await buildUnder(shared, start, parts);
  } catch (error) {
    if (!(error instanceof OtherShardFile)) throw error;
    const { turn, attempt, seed, ids } = start;
    return buildUnder(shared, { turn, attempt, seed, ids: ids && 'survey' }, parts);
  }
}

/** Reads the inputs with one seed. If there are too many ids for one table, surveys them first. */
async function buildUnder(
  shared: Omit<Calling, 'ids' | 'leaders'>,
  start: Start,
  { createIds, createHash = newHash, bounds: given }: BuildParts,
): Promise<Passed | Unfinished> {
  const { turn, attempt, seed } = start;
  const bounds = { ...ID_BOUNDS, ...given };
  const pass = async (ids: UniqueIds, at: Start): Promise<Passed | Unfinished> => {
    const calling = { ...shared, ids, leaders: leadersOf(shared.job, at, createHash) };
    const built = at.built ?? (await buildOnce(calling, at));
    return 'rows' in built ? built : { calling, start: at, built };
  };
  if (start.ids === 'surveyed') return pass(new RepeatedIds(seed), start);
  if (start.ids === undefined) {
    const inOneTable = pass(createIds?.(seed) ?? createUniqueIds(seed, bounds.atOnce), start);
    const passed = await inOneTable.catch(unlessManyIds);
    if (passed !== undefined) return passed;
  }
  // A build that starts again writes the same shards as the interrupted build.
  const surveyStart = start.ids === undefined ? { turn, attempt, seed } : start;
  const surveyed = await surveyIds({ ...shared, bounds }, surveyStart);
  if (!(surveyed instanceof RepeatedIds)) return surveyed;
  return pass(surveyed, { turn, attempt, seed, ids: 'surveyed' });
}

function unlessManyIds(error: unknown): undefined {
  if (!(error instanceof ManyIds)) throw error;
}

/**
 * Deletes the files of rows that were called invalid with another seed. The next build writes such files only for shards with
 * invalid rows.
 */
async function forgetInvalid(store: ObjectStore, jobId: string, { shards }: Plan): Promise<void> {
  for (const [shard, { requests, rows }] of shards.entries()) {
    if (requests === rows) continue;
    for (const file of ['results.jsonl', 'dead-letters.jsonl'] as const)
      await store.delete(roundKey({ jobId, shard }, 0, file));
  }
}

export function isPlan(built: Plan | Unfinished): built is Plan {
  return 'problems' in built;
}

/** Parts that a caller may replace. */
export interface BuildParts {
  readonly createIds?: ((seed: number) => UniqueIds) | undefined;
  /** Default: {@link RuleRequests}. */
  readonly createRequests?: ((rules: RequestRules) => RequestMaker) | undefined;
  readonly createHash?: ((seed: number) => RequestHash) | undefined;
  readonly bounds?: Partial<IdBounds> | undefined;
  /** The earlier jobs whose answers the rows may have. Default: the current ones. */
  readonly earlierJobs?: Plan['earlierJobs'];
}

export const newHash = (seed: number): RequestHash => new RequestHash(seed);

/** Creates the finder of rows with the same request. The last attempt has none: it sends all requests that only share a hash. */
export function leadersOf(
  { profile: { dedupe, reuse } }: Job,
  { attempt, seed }: Pick<Start, 'attempt' | 'seed'>,
  createHash: (seed: number) => RequestHash,
): Leaders | undefined {
  const isNeeded = (dedupe ?? reuse) !== undefined && attempt < MAX_SEEDS;
  return isNeeded ? new Leaders({ dedupe: dedupe ?? 'never' }, createHash(seed)) : undefined;
}

const byRules = (rules: RequestRules): RequestMaker => new RuleRequests(rules);
