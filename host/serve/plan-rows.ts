import { estimateProblem } from '../../src/spending/check-estimate.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job } from '../../src/checkpoints/job.ts';
import { roundKey } from '../../src/checkpoints/keys.ts';
import { rowsToSend, type Plan } from '../../src/checkpoints/plan.ts';
import type { ResolvedProfile } from '../../src/checkpoints/profile.ts';
import { SIMULATED } from '../../src/config/known-providers.ts';
import { resolveProfile } from '../../src/config/resolve-profile.ts';
import type { StartEdges } from '../../src/job-control/start-job.ts';
import { batchTokens, forecast, forecastText } from '../../src/batches/forecast.ts';
import { isSmall } from '../../src/checkpoints/shard/shard-rounds.ts';
import { moneyText } from '../../src/report/sections/explain.ts';
import { counted } from '../../src/text/counted.ts';
import type { JobRequest } from '../../src/requests/job-request.ts';
import { resolveInputs } from '../../src/requests/resolve-inputs.ts';
import { buildShards } from '../../src/rows/build-shards.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';

/**
 * Describes a job in sentences without sending anything. Uses the code of *Build requests*; writes its shards into a temporary
 * folder, and removes the folder.
 * @throws InvalidRequest when a file or the profile does not exist; InvalidInput when a file cannot be read as its format
 */
export async function planRows(
  { store, config, simulated }: Pick<StartEdges, 'store' | 'config' | 'simulated'>,
  request: JobRequest,
): Promise<string[]> {
  const overrides = simulated === true ? { ...request.overrides, ...SIMULATED } : request.overrides;
  const profile = resolveProfile(config, request.profile ?? 'default', overrides);
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-plan-'));
  try {
    const scratch = createFolderStore(folder);
    const inputs = await resolveInputs(scratchAbove(scratch, store), 'plan', request);
    const createdAt = new Date().toISOString();
    const job: Job = { jobId: 'plan', inputs, profile, createdAt, ...(simulated && { simulated }) };
    const plan = await buildShards(scratchAbove(scratch, store), job);
    const overBudget = plan.failure === undefined ? estimateProblem(profile, plan) : undefined;
    return [
      ...(overBudget === undefined ? [] : [overBudget]),
      ...tellPlan(plan, profile),
      ...(await tellRoom(store, plan, profile)),
      ...(await firstRequest(scratch, plan)),
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes to the scratch folder; reads inputs from the store. */
function scratchAbove(scratch: ObjectStore, store: ObjectStore): ObjectStore {
  const of = (key: string): ObjectStore => (key.startsWith('jobs/') ? scratch : store);
  return {
    ...scratch,
    open: (key, options) => of(key).open(key, options),
    get: (key, options) => of(key).get(key, options),
    stat: (key) => of(key).stat(key),
    list: (prefix, options) => of(prefix).list(prefix, options),
    locate: (key) => of(key).locate(key),
  };
}

function tellPlan(plan: Plan, { provider, endpoint, model, price }: ResolvedProfile): string[] {
  const { rows, invalid, shards, inputTokens, problems, failure, inputs = [] } = plan;
  const sent = rowsToSend(plan);
  return [
    ...(failure === undefined ? [] : [failure.message]),
    `${counted(rows, 'row')}, ${invalid === 0 ? 'all of them valid' : `${counted(invalid, 'row')} invalid`}.`,
    ...problems.slice(0, 5).map(({ line, code, message }) => `Line ${line}: ${message} [${code}]`),
    ...(plan.reused === undefined ? [] : [`${counted(plan.reused.rows, 'row')} answered from earlier jobs.`]),
    `${counted(sent, 'request')} to ${provider.name}, ${endpoint}${model === undefined ? '' : `, ${model}`}, in ${counted(shards.filter(({ requests }) => requests > 0).length, 'batch')}.`,
    `About ${counted(inputTokens, 'token')} of input${price === undefined ? '' : `: ${moneyText((inputTokens * price.inputPerMillion) / 1e6, price.currency)} at the profile's price`}.`,
    ...inputs.flatMap(({ notices }) => notices),
  ];
}

/** Describes when its batches would end at the provider. */
async function tellRoom(store: ObjectStore, plan: Plan, profile: ResolvedProfile): Promise<string[]> {
  if (plan.failure !== undefined || isSmall(profile, plan)) return [];
  const asked = { profile, batches: batchTokens(plan), now: Date.now() / 1_000 };
  const text = forecastText(await forecast(store, asked));
  return [`${text.charAt(0).toUpperCase()}${text.slice(1)}.`];
}

const SHOWN_CHARACTERS = 600;

async function firstRequest(scratch: ObjectStore, { shards }: Plan): Promise<string[]> {
  const shard = shards.findIndex(({ requests }) => requests > 0);
  if (shard === -1) return [];
  const key = roundKey({ jobId: 'plan', shard }, 1, 'requests.jsonl');
  const bytes = await scratch.get(key, { end: 4 * SHOWN_CHARACTERS });
  const [line = ''] = (bytes ?? Buffer.alloc(0)).toString('utf8').split('\n');
  return [
    `The first request: ${line.slice(0, SHOWN_CHARACTERS)}${line.length > SHOWN_CHARACTERS ? '…' : ''}`,
  ];
}
