import { endpointAt } from '../endpoints/endpoints.ts';
import { EMBEDDINGS } from '../endpoints/embeddings.ts';
import type { Job } from '../checkpoints/job.ts';
import { pilotRowsKey, roundKey, type ShardRef } from '../checkpoints/keys.ts';
import { pilotDraftObject, type PilotDraft } from '../checkpoints/pilot.ts';
import type { Plan, ShardPlan } from '../checkpoints/plan.ts';
import type { RowSource } from '../checkpoints/result-line.ts';
import { otherFiles } from '../checkpoints/shard/other-files.ts';
import { sideBySide } from '../concurrency/side-by-side.ts';
import { readCustomId } from '../jsonl/custom-id.ts';
import { eachOwnLine, LinesBeside } from '../jsonl/own-lines.ts';
import { Pace, type StepTime } from '../pace.ts';
import { forgetBuildState, type Unfinished } from '../rows/build-state.ts';
import { countTexts } from '../rows/request-line.ts';
import { ShardWriter } from '../rows/shard-writer.ts';
import { followLine } from '../reuse/follow-line.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { chooseRows } from './choose-rows.ts';
import { countInputs } from './count-inputs.ts';
import { setRowsAside, type RowsToSetAside } from './set-aside.ts';
import { EMPTY_LINE } from './shard-rows.ts';

/**
 * Chooses the rows of a pilot, and moves them into separate shards after all others. A repeated call continues where an earlier
 * call ended, and does not read the inputs again.
 * @returns the plan with these shards; unfinished if time ran short, and another call must continue
 */
export async function makePilot(
  store: ObjectStore,
  job: Job,
  draft: PilotDraft,
  time: StepTime | undefined,
): Promise<Plan | Unfinished> {
  const pace = new Pace(time);
  const { plan } = draft;
  const picked = draft.picked ?? (await choosePilot(store, job, draft, pace));
  return picked === undefined
    ? { rows: plan.rows, shards: 0 }
    : movePicked(store, job, { plan, picked }, pace);
}

/**
 * Chooses the rows, and records them beside the plan.
 * @returns undefined if time ran short; another call must continue
 */
async function choosePilot(
  store: ObjectStore,
  job: Job,
  { plan, counted: before }: PilotDraft,
  pace: Pace,
): Promise<readonly number[] | undefined> {
  const { jobId, profile } = job;
  const counted = await countInputs(store, job, plan, { before, pace });
  if (counted.shards < plan.shards.length) {
    await pilotDraftObject.write(store, jobId, { plan, counted });
    return undefined;
  }
  const picked = chooseRows(counted.counts, profile.pilot?.rows ?? 0);
  await pilotDraftObject.write(store, jobId, { plan, picked });
  pace.did();
  return picked;
}

async function movePicked(
  store: ObjectStore,
  job: Job,
  { plan, picked }: Required<Pick<PilotDraft, 'plan' | 'picked'>>,
  pace: Pace,
): Promise<Plan | Unfinished> {
  const shards: ShardPlan[] = [];
  let [sent, piloted] = [0, 0];
  for (const [shard, each] of plan.shards.entries()) {
    const ofShard = pickedBelow(picked, piloted, sent + each.requests).map((at) => at - sent);
    sent += each.requests;
    if (ofShard.length === 0) {
      shards.push(each);
      continue;
    }
    const ref = { jobId: job.jobId, shard };
    const rows = { picked: ofShard, leader: plan.rows + piloted, rows: plan.rows };
    if ((await store.stat(roundKey(ref, 1, 'requests.jsonl')))?.bytes === each.bytes) {
      if (pace.mustStop) return { rows: plan.rows, shards: shard };
      await setRowsAside(store, ref, rows);
      pace.did();
    }
    piloted += ofShard.length;
    const left = await planWithout(store, ref, each, rows);
    // If the shard is not whole now, another call of the build has written it at the same time, and the build starts again.
    if (!(await isWhole(store, ref, left))) return startAgain(store, job, plan);
    shards.push(left);
  }
  if (pace.mustStop) return { rows: plan.rows, shards: shards.length };
  return { ...plan, shards: await writePilotShards(store, job, shards) };
}

/** The plan of a shard without the rows that are set aside. In its round 0, these follow rows of the pilot. */
async function planWithout(
  store: ObjectStore,
  ref: ShardRef,
  plan: ShardPlan,
  { picked, leader }: RowsToSetAside,
): Promise<ShardPlan> {
  const { rows, requests, files } = plan;
  let bytes = plan.bytes;
  let results = files?.results ?? rows;
  let nth = leader;
  for await (const line of eachOwnLine(store, pilotRowsKey(ref, 'requests'))) {
    bytes -= line.length;
    results += followLine(readCustomId(line), nth).length - EMPTY_LINE.length;
    nth += 1;
  }
  const deadLetters = files?.deadLetters ?? rows;
  const piloted = picked.length;
  return {
    ...plan,
    requests: requests - piloted,
    bytes,
    piloted,
    files: { ...files, results, deadLetters },
  };
}

async function isWhole(store: ObjectStore, ref: ShardRef, plan: ShardPlan): Promise<boolean> {
  const requests = { key: roundKey(ref, 1, 'requests.jsonl'), bytes: plan.bytes };
  const found = await sideBySide([requests, ...otherFiles(ref, plan)], async ({ key, bytes }) => {
    return (await store.stat(key))?.bytes === bytes;
  });
  return found.every(Boolean);
}

/** Forgets the build with its chosen rows: the next call begins at the first row, because any shard may be damaged. */
async function startAgain(store: ObjectStore, { jobId }: Job, { rows }: Plan): Promise<Unfinished> {
  await forgetBuildState(store, jobId);
  return { rows, shards: 0 };
}

/** The positions below a limit, from the n-th on. Of a thousand shards, most have none. */
function pickedBelow(picked: readonly number[], first: number, limit: number): number[] {
  let end = first;
  while ((picked[end] ?? Infinity) < limit) end += 1;
  return picked.slice(first, end);
}

async function writePilotShards(
  store: ObjectStore,
  { jobId, inputs, profile }: Job,
  shards: readonly ShardPlan[],
): Promise<ShardPlan[]> {
  const writer = await ShardWriter.open(
    store,
    { jobId, limits: profile.shardLimits, tellsSources: inputs.length > 1 },
    { plans: shards },
  );
  const countsTexts = endpointAt(profile.endpoint) === EMBEDDINGS;
  try {
    for (const [shard, { piloted = 0 }] of shards.entries()) {
      if (piloted === 0) continue;
      const ref = { jobId, shard };
      await using sources = LinesBeside.of(store, pilotRowsKey(ref, 'sources'));
      for await (const line of eachOwnLine(store, pilotRowsKey(ref, 'requests'))) {
        const { value: source } = await sources.next();
        await writer.addRequest({ line, inputs: countsTexts ? textsOf(line) : 1 }, sourceOf(source));
      }
    }
    const all = await writer.close();
    return all.map((each, shard) => (shard < shards.length ? each : { ...each, pilot: true }));
  } catch (error) {
    await writer.abort();
    throw error;
  }
}

function textsOf(line: Buffer): number {
  const { body } = JSON.parse(line.toString('utf8')) as { readonly body: { readonly input?: unknown } };
  return countTexts(body.input);
}

/** Sources of rows; unused in a job with one input. */
function sourceOf(line: Buffer | undefined): RowSource {
  return line === undefined || line.length === 1
    ? { file: '', line: 0 }
    : (JSON.parse(line.toString('utf8')) as RowSource);
}
