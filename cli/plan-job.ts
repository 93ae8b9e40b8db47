import { buildFast } from '../src/steps/build-plan.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { NightshiftConfig } from '../src/config/config.ts';
import { SIMULATOR } from '../src/config/known-providers.ts';
import { resolveProfile } from '../src/config/resolve-profile.ts';
import type { InputRef, SkippedFiles } from '../src/checkpoints/job.ts';
import { OUTPUT_PREFIX, REUSE_PREFIX, roundKey } from '../src/checkpoints/keys.ts';
import type { Plan } from '../src/checkpoints/plan.ts';
import type { ResolvedProfile } from '../src/checkpoints/profile.ts';
import { estimateProblem } from '../src/spending/check-estimate.ts';
import type { Failure } from '../src/errors.ts';
import { estimateRows } from '../host/disk-need.ts';
import {
  planBatches,
  planDirect,
  planPrice,
  type PlannedBatch,
  type PlannedDirect,
  type PlannedPrice,
} from './plan-costs.ts';
import { planDisk, requireRoomToPlan, type PlannedDisk } from './plan-disk.ts';
import { batchTokens, forecast, type Forecast } from '../src/batches/forecast.ts';
import { InputFilter } from '../src/requests/input-files.ts';
import { resolveInputs } from '../src/requests/resolve-inputs.ts';
import { createFolderStore } from '../src/store/folder-store.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { readTreatment, type AskedJob, type Treatment } from '../host/start-request.ts';
import { requireReadable } from '../host/readable-file.ts';

export interface PlanJob extends Omit<AskedJob, 'again'> {
  readonly config: NightshiftConfig;
  /** The data folder, with a job request's inputs and the answers of earlier jobs. It is only read. */
  readonly data: string;
  /** The bucket of a deployed stack, used instead of the data folder. */
  readonly bucket?: ObjectStore | undefined;
}

/** The plan of a job. */
export interface PlannedJob {
  readonly profile: ResolvedProfile;
  /** The plan, with input tokens estimated as a tokenizer counts them. */
  readonly plan: Plan;
  /** The first request lines. */
  readonly requests: readonly string[];
  /** Files below a job request's prefix that would be skipped; undefined if there are none. */
  readonly skipped: SkippedFiles | undefined;
  /** Polls of a batch for several durations; the last duration is the whole window. */
  readonly batches: readonly PlannedBatch[];
  /** Set if the job is small enough to send its rows direct, without a batch. */
  readonly direct: PlannedDirect | undefined;
  readonly price: PlannedPrice | undefined;
  /** The time when its batches would end; undefined if no limit is known, and for jobs without batches. */
  readonly forecast: Forecast | undefined;
  /**
   * The space that a run on this machine needs in its data folder; undefined for a job request, whose inputs are not on this
   * disk.
   */
  readonly disk: PlannedDisk | undefined;
}

/**
 * Plans a job with the code of *Build requests*. Writes its shards into a temporary folder, and removes the folder.
 * @throws InvalidRequest when a file, the profile or the provider does not exist.
 * @throws InvalidInput when a file cannot be read as its format.
 */
export async function planJob(options: PlanJob): Promise<PlannedJob> {
  const treatment = await readTreatment(options);
  const profile = resolveProfile(options.config, treatment.profile, treatment.overrides);
  const ofFiles =
    treatment.request === undefined ? await estimateRows(options.files, treatment.limit) : undefined;
  if (ofFiles !== undefined) await requireRoomToPlan(ofFiles.requests);
  const folder = await mkdtemp(join(tmpdir(), 'nightshift-plan-'));
  const earlier = options.bucket ?? createFolderStore(options.data);
  try {
    const filter = new InputFilter();
    const source = { files: options.files, ...treatment, earlier, filter };
    const scratch = createFolderStore(folder);
    const built = await buildInto(scratch, profile, source);
    const problem = built.failure === undefined ? estimateProblem(profile, built) : undefined;
    const plan = problem === undefined ? built : { ...built, failure: overBudget(problem) };
    const requests = await firstRequests(scratch, plan);
    const direct = planDirect(profile, plan);
    const batches = direct === undefined ? planBatches(profile, plan) : [];
    return {
      profile,
      plan,
      requests,
      skipped: filter.skipped,
      batches,
      direct,
      price: planPrice(profile, plan),
      forecast:
        direct === undefined
          ? await forecast(earlier, {
              profile,
              batches: batchTokens(plan),
              now: Date.now() / 1_000,
            })
          : undefined,
      disk: ofFiles && (await planDisk(options.data, profile, plan, ofFiles.input)),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const overBudget = (message: string): Failure => ({
  name: 'BudgetExceeded',
  code: 'BUDGET_EXCEEDED',
  message,
});

/** Number of requests to show. */
const SHOWN_REQUESTS = 3;

/** Most bytes to read for these requests. */
const SHOWN_BYTES = 1_000_000;

async function firstRequests(scratch: ObjectStore, { shards }: Plan): Promise<string[]> {
  const requests: string[] = [];
  for (const shard of shards.keys()) {
    const key = roundKey({ jobId: JOB_ID, shard }, 1, 'requests.jsonl');
    const object = await scratch.open(key, { end: SHOWN_BYTES });
    if (object === undefined) continue;
    const text = Buffer.concat(await Array.fromAsync(object.body)).toString('utf8');
    requests.push(...text.split('\n').filter((line) => line !== ''));
    if (requests.length >= SHOWN_REQUESTS) break;
  }
  return requests.slice(0, SHOWN_REQUESTS);
}

interface Source extends Pick<Treatment, 'request' | 'limit'>, Pick<PlanJob, 'files'> {
  /** The store with the inputs of a job request and the answers of earlier jobs. */
  readonly earlier: ObjectStore;
  readonly filter: InputFilter;
}

async function buildInto(
  scratch: ObjectStore,
  profile: ResolvedProfile,
  { request, limit, files, earlier, filter }: Source,
): Promise<Plan> {
  const jobId = JOB_ID;
  const source = request === undefined ? await filesAsStore(files, earlier) : earlier;
  const store = layered(scratch, source);
  const inputs: readonly InputRef[] =
    request === undefined
      ? files.map((file, n) => ({ key: keyOf(file, n) }))
      : await resolveInputs(store, jobId, request, filter);
  const createdAt = new Date().toISOString();
  const isSimulated = profile.provider.name === SIMULATOR;
  return buildFast(store, {
    jobId,
    inputs,
    profile,
    createdAt,
    ...(limit !== undefined && { limit }),
    ...(isSimulated && { simulated: true }),
  });
}

const JOB_ID = 'plan';

/** The key of a file. Two files with the same name are two inputs. */
const keyOf = (file: string, n: number): string => `${n}/${basename(file)}`;

type Readable = Pick<ObjectStore, 'open' | 'get' | 'stat' | 'list' | 'locate'>;

/** Reads the files in place, because copying them would take as long as planning. Also reads answers of earlier jobs. */
async function filesAsStore(files: readonly string[], earlier: ObjectStore): Promise<Readable> {
  for (const file of files) await requireReadable(file);
  const byKey = new Map(files.map((file, n) => [keyOf(file, n), resolve(file)]));
  const inFolder = (key: string): readonly [ObjectStore, string] => {
    if (isAnswer(key)) return [earlier, key];
    const path = byKey.get(key) ?? key;
    return [createFolderStore(dirname(path)), basename(path)];
  };
  return {
    open: (key, options) => {
      const [store, name] = inFolder(key);
      return store.open(name, options);
    },
    get: (key, options) => {
      const [store, name] = inFolder(key);
      return store.get(name, options);
    },
    stat: (key) => {
      const [store, name] = inFolder(key);
      return store.stat(name);
    },
    list: (prefix, options) => (isAnswer(prefix) ? earlier : createFolderStore('.')).list(prefix, options),
    locate: (key) => byKey.get(key) ?? key,
  };
}

function isAnswer(key: string): boolean {
  return [REUSE_PREFIX, OUTPUT_PREFIX].some((prefix) => key.startsWith(prefix));
}

/** Writes to the first store; reads from the second what the first does not have. */
function layered(scratch: ObjectStore, source: Readable): ObjectStore {
  return {
    ...scratch,
    open: async (key, options) => (await scratch.open(key, options)) ?? source.open(key, options),
    get: async (key, options) => (await scratch.get(key, options)) ?? source.get(key, options),
    stat: async (key) => (await scratch.stat(key)) ?? source.stat(key),
    list: (prefix, options) => source.list(prefix, options),
    locate: (key) => source.locate(key),
  };
}
