import { randomInt } from 'node:crypto';
import type { StepTime } from '../pace.ts';
import type { Plan } from '../checkpoints/plan.ts';
import type { Job } from '../checkpoints/job.ts';
import { roundKey } from '../checkpoints/keys.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { Leaders } from '../reuse/leaders.ts';
import { RequestHash } from '../reuse/request-hash.ts';
import { buildOnce, type Start } from './build-once.ts';
import type { BuildState, Unfinished } from './build-state.ts';
import { findInnocent } from './confirm-duplicates.ts';
import type { RequestRules } from './request-line.ts';
import { RuleRequests, type RequestMaker } from './request-maker.ts';
import { rulesOf } from './request-rules.ts';
import { createUniqueIds, type UniqueIds } from './unique-ids.ts';

/** Each seed fails one job in 370,000 of 10,000,000 rows. */
const MAX_SEEDS = 4;

/** As many as `randomInt` takes. */
const SEEDS = 2 ** 48 - 1;

/**
 * Writes the shards of a job and says what they are. Streams: memory holds a chunk of input, a hash per id, and a block
 * per open file. The same input always makes the same bytes.
 * @throws InvalidInput when an input is not there or cannot be read as its format.
 */
export async function buildShards(store: ObjectStore, job: Job, parts: BuildParts = {}): Promise<Plan> {
  const built = await build(store, job, parts, undefined);
  if (isPlan(built)) return built;
  throw new Error(`Job ${job.jobId}: a build without a time limit has not ended.`);
}

/**
 * {@link buildShards} in as many calls as it takes: one that runs short of time saves where it is, and the next one goes on
 * there. However the work is divided, the shards and the plan are the same.
 */
export async function buildOn(
  store: ObjectStore,
  job: Job,
  { from, ...parts }: BuildParts & OneCall,
): Promise<Plan | Unfinished> {
  return build(store, job, parts, from);
}

/** One of the calls that a build takes. */
interface OneCall {
  readonly time: StepTime | undefined;
  /** What the call before it has saved. */
  readonly from: BuildState | undefined;
}

async function build(
  store: ObjectStore,
  job: Job,
  {
    createIds = createUniqueIds,
    createRequests = byRules,
    createHash = newHash,
    time,
  }: BuildParts & { time?: StepTime | undefined },
  from: BuildState | undefined,
): Promise<Plan | Unfinished> {
  const requests = createRequests(rulesOf(job.profile));
  const turn = from?.turn ?? 0;
  let state = from;
  for (let attempt = state?.attempt ?? 1; ; attempt += 1) {
    // A seed that nobody can know: whoever writes the input could otherwise make ids that share their hash. Nothing of it is
    // in what is written, so that a build that starts again may take another one.
    const start = state ?? { turn, attempt, seed: randomInt(SEEDS) };
    const leaders = leadersOf(job, start, createHash);
    const calling = { store, job, requests, ids: createIds(start.seed), leaders, time };
    const built = start.built ?? (await buildOnce(calling, start));
    if ('rows' in built) return built;
    const innocent = await findInnocent(calling, start, built);
    if (typeof innocent !== 'number') return innocent;
    if (innocent === 0) return built.plan;
    if (attempt === MAX_SEEDS)
      throw new Error(`Job ${job.jobId}: ${innocent} ids share their hash with others.`);
    await forgetInvalid(store, job.jobId, built.plan);
    state = undefined;
  }
}

/** Rows that were called invalid under another seed; the next build writes these files only where it has such rows. */
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

/** Parts that a caller may bring. */
export interface BuildParts {
  readonly createIds?: ((seed: number) => UniqueIds) | undefined;
  /** Default: {@link RuleRequests}. */
  readonly createRequests?: ((rules: RequestRules) => RequestMaker) | undefined;
  readonly createHash?: ((seed: number) => RequestHash) | undefined;
}

const newHash = (seed: number): RequestHash => new RequestHash(seed);

/** Requests that share their hash under each seed are all sent in the end. */
function leadersOf(
  { profile: { dedupe } }: Job,
  { attempt, seed }: Start,
  createHash: (seed: number) => RequestHash,
): Leaders | undefined {
  return dedupe === undefined || attempt === MAX_SEEDS
    ? undefined
    : new Leaders({ dedupe }, createHash(seed));
}

const byRules = (rules: RequestRules): RequestMaker => new RuleRequests(rules);
