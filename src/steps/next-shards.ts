import type { BuildContext, BuildingContext, JobContext, WaitingContext } from '../contract.ts';
import type { Edges } from '../edges.ts';
import { JobStopped, PilotStopped, withCode } from '../errors.ts';
import type { Job } from '../checkpoints/job.ts';
import { pilotResultsKey, roundKey, shardKey, shardOfKey, shardsPrefix } from '../checkpoints/keys.ts';
import { addCounts } from '../checkpoints/outcomes.ts';
import { approvalObject, pilotObject, type Pilot } from '../checkpoints/pilot.ts';
import { pilotShards, type Plan, type ShardPlan } from '../checkpoints/plan.ts';
import type { PilotRules } from '../checkpoints/profile.ts';
import { isSmall } from '../checkpoints/shard/shard-rounds.ts';
import { otherFiles } from '../checkpoints/shard/other-files.ts';
import { doneObject } from '../checkpoints/shard/shard-end.ts';
import { readStop } from '../checkpoints/stop.ts';
import { toRunObject } from '../checkpoints/to-run.ts';
import { tokensBySize } from '../spending/estimate.ts';
import { buildAgain } from './build-again.ts';
import { withoutPilot } from '../pilot/without-pilot.ts';
import { judgedPilot, judgePilot, type Judgement } from '../pilot/judge.ts';
import type { EndedPilot } from '../report/write-pilot-report.ts';
import { sideBySide } from '../concurrency/side-by-side.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** A job whose shards are built. */
export interface BuiltJob {
  readonly job: Job;
  readonly plan: Plan;
  readonly context: BuildContext;
}

/**
 * Decides which shards run next: those of the pilot, then all others if the pilot allows them. A passed pilot is not decided
 * again.
 * @throws PilotStopped when the pilot does not allow the other shards; JobStopped when the pilot did not finish, or the job was
 *   stopped since
 */
export async function nextShards(
  edges: Edges,
  built: BuiltJob,
): Promise<JobContext | BuildingContext | WaitingContext> {
  const { job, plan, context } = built;
  const { jobId } = job;
  const { store } = edges;
  const ofPilot = pilotShards(plan);
  const ended = await endedShards(store, jobId, plan);
  const { done, stopped, damaged } = ended;
  const isOpen = ofPilot.some((shard) => !done.has(shard));
  if (context.pilot === true && isOpen) throw await stoppedIn(store, jobId, 'which did not finish.');
  // Skipped in each later turn of a wait for a person: shards that differ from the plan when they are built again stay damaged.
  if (damaged.length > 0 && context.waiting === undefined) {
    const building = await buildAgain(edges, job, { plan, damaged });
    if (building !== undefined) return { ...context, building };
  }
  // Stops recorded by an earlier execution no longer apply.
  for (const shard of stopped) await store.delete(shardKey({ jobId, shard }, 'stopped.json'));
  if (isOpen) {
    await startPilot(edges, built);
    return { ...(await runOf(edges, built, ended, ofPilot)), pilot: true };
  }
  const waits = ofPilot.length === 0 ? undefined : await judge(edges, built, ofPilot);
  return waits ?? runOf(edges, built, ended, plan.shards.keys());
}

/** Lists the given shards that have request lines and are not done. */
async function runOf(
  { store }: Edges,
  { job, plan }: BuiltJob,
  { done, doubted }: EndedShards,
  shards: Iterable<number>,
): Promise<JobContext> {
  const { jobId, profile } = job;
  const details = detailsOf(plan, profile);
  const left = [...shards].flatMap((shard) => {
    const planned = plan.shards[shard];
    if (planned === undefined || planned.requests === 0) return [];
    if (!done.has(shard)) return [{ shard, planned: { ...planned, ...details(planned) } }];
    return doubted.has(shard) ? [{ shard, planned: { ...planned, look: true as const } }] : [];
  });
  await toRunObject.write(store, jobId, left);
  const alone = withoutPilot(job, plan);
  return {
    jobId,
    ...(alone && { withoutPilot: alone }),
    toRun: { shards: left.length, key: toRunObject.keyOf(jobId) },
    provider: profile.provider,
    polling: profile.polling,
  };
}

/** Parts of the plan that a shard's steps would otherwise have to read. */
function detailsOf(plan: Plan, profile: Job['profile']): (planned: ShardPlan) => Partial<ShardPlan> {
  const tokensOf = tokensBySize(plan);
  const small = profile.directUpTo === undefined ? {} : { direct: isSmall(profile, plan) };
  return ({ bytes }) => ({ tokens: tokensOf(bytes), ...small });
}

interface EndedShards {
  readonly done: ReadonlySet<number>;
  readonly stopped: ReadonlySet<number>;
  /** Shards for which the provider may have further batches besides those that were collected. */
  readonly doubted: ReadonlySet<number>;
  /** Shards that are not done and have a file with other bytes than planned. */
  readonly damaged: readonly number[];
}

async function endedShards(store: ObjectStore, jobId: string, { shards }: Plan): Promise<EndedShards> {
  const sizes = new Map<string, number>();
  for await (const { key, bytes } of store.list(shardsPrefix(jobId)))
    if (key.endsWith('.json') || BUILT_FILE.test(key)) sizes.set(key, bytes);
  const having = (file: 'done.json' | 'stopped.json'): Set<number> =>
    new Set([...shards.keys()].filter((shard) => sizes.has(shardKey({ jobId, shard }, file))));
  const doubted = [...sizes.keys()]
    .filter((key) => key.endsWith('.twins.json'))
    .map((key) => shardOfKey(jobId, key));
  const done = having('done.json');
  const damaged = [...shards.entries()].flatMap(([shard, planned]) => {
    const ref = { jobId, shard };
    const requests = { key: roundKey(ref, 1, 'requests.jsonl'), bytes: planned.bytes };
    const files = [...(planned.requests === 0 ? [] : [requests]), ...otherFiles(ref, planned)];
    return done.has(shard) || files.every(({ key, bytes }) => sizes.get(key) === bytes) ? [] : [shard];
  });
  return { done, stopped: having('stopped.json'), doubted: new Set(doubted), damaged };
}

/** Keys of the files that *Build requests* writes for a shard. */
const BUILT_FILE = /\/(?:round-1\.requests|round-0\.(?:results|dead-letters)|sources)\.jsonl$/;

async function startPilot({ store, log }: Edges, { job: { jobId }, plan }: BuiltJob): Promise<void> {
  const rows = pilotShards(plan).reduce((sum, shard) => sum + (plan.shards[shard]?.rows ?? 0), 0);
  await pilotObject.write(store, jobId, { state: 'running', rows });
  log('pilot_started', { jobId, rows });
}

/**
 * Decides after the pilot whether the other rows are sent.
 * @returns how long to wait for a person; undefined when the other rows may be sent
 */
async function judge(
  edges: Edges,
  { job, plan, context }: BuiltJob,
  ofPilot: readonly number[],
): Promise<WaitingContext | undefined> {
  const { store, clock } = edges;
  const { jobId, profile } = job;
  const before = await pilotObject.read(store, jobId);
  if (before?.state === 'passed' || before?.state === 'approved') return undefined;
  const ends = await sideBySide(ofPilot, (shard) => doneObject.require(store, { jobId, shard }));
  const counts = addCounts(ends.map((end) => end.counts));
  const now = clock.now();
  const since = context.waiting?.since ?? now;
  const rules: PilotRules = profile.pilot ?? { rows: 0 };
  const approval = await approvalObject.read(store, jobId);
  const judgement = judgePilot({ jobId, rules, counts, approval, since, now });
  const results = before?.results ?? (await joinResults(store, jobId, ofPilot));
  const judged = { ...judgedPilot(counts, judgement), results };
  const isAsked = judgement.state === 'waiting' && before?.results === undefined;
  const shards = ends.map((end, n) => ({ shard: ofPilot[n] ?? 0, end }));
  const page = isAsked ? await writePage(edges, { job, plan, pilot: judged, shards }) : before?.report;
  const report = page === undefined ? {} : { report: page };
  await note(edges, jobId, before, { ...judged, ...report });
  const wait = await followJudgement(store, jobId, judgement);
  if (wait === undefined) return undefined;
  const { until, waitSeconds } = wait;
  const isNew = context.waiting === undefined;
  return { jobId, waiting: { since }, waitSeconds, ...(isNew && { asks: { until, results, ...report } }) };
}

async function writePage(edges: Edges, ended: EndedPilot): Promise<string | undefined> {
  // Loaded here, so that jobs without an approval do not load it.
  const { writePilotReport } = await import('../report/write-pilot-report.ts');
  return writePilotReport(edges, ended);
}

/**
 * Joins the results of a pilot's shards for people.
 * @returns their key
 */
async function joinResults(store: ObjectStore, jobId: string, shards: readonly number[]): Promise<string> {
  const key = pilotResultsKey(jobId);
  await store.concat(
    key,
    shards.map((shard) => shardKey({ jobId, shard }, 'results.jsonl')),
  );
  return key;
}

async function note(
  { store, log }: Edges,
  jobId: string,
  before: Pilot | undefined,
  pilot: Pilot,
): Promise<void> {
  if (before?.state === pilot.state && before.until === pilot.until) return;
  await pilotObject.write(store, jobId, pilot);
  log('pilot_judged', { jobId, state: pilot.state, rows: pilot.rows, ok: pilot.counts?.ok });
}

/**
 * Applies the judgement of a pilot.
 * @returns the wait for a person; undefined if the other rows follow
 */
async function followJudgement(
  store: ObjectStore,
  jobId: string,
  judgement: Judgement,
): Promise<Extract<Judgement, { state: 'waiting' }> | undefined> {
  if ('reason' in judgement) throw new PilotStopped(withCode(judgement.reason, judgement.code));
  if ((await readStop(store, jobId)) !== undefined) throw await stoppedIn(store, jobId, 'which has ended.');
  return 'waitSeconds' in judgement ? judgement : undefined;
}

async function stoppedIn(store: ObjectStore, jobId: string, otherwise: string): Promise<JobStopped> {
  const stop = await readStop(store, jobId);
  const why = stop === undefined ? `, ${otherwise}` : `: ${stop.failure.message}`;
  return new JobStopped(`Job ${jobId} sends only its pilot${why}`);
}
