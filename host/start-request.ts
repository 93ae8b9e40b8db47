import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { NightshiftConfig, ProfileConfig } from '../src/config/config.ts';
import { mergeTables, resolveProfile } from '../src/config/resolve-profile.ts';
import type { StartRequest } from '../src/job-control/start-job.ts';
import { InvalidRequest } from '../src/errors.ts';
import { JOB_FILE_SUFFIX } from '../src/checkpoints/keys.ts';
import { hashOfRequest, parseJobFile, type JobRequest } from '../src/requests/job-request.ts';
import { askedOverrides } from '../src/requests/question.ts';
import { InputFilter } from '../src/requests/input-files.ts';
import { resolveInputs } from '../src/requests/resolve-inputs.ts';
import type { InputRef } from '../src/checkpoints/job.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { requireReadable } from './readable-file.ts';
import { chooseJob, chooseJobs, takeIn } from './take-in.ts';

/** A job as requested on a command line. */
export interface AskedJob {
  /** Input files of one job, or one job request (`*.job.json`). */
  readonly files: readonly string[];
  /** Default: the job request's, otherwise `default`. */
  readonly profile: string | undefined;
  readonly overrides: ProfileConfig;
  /** Number of rows to take, for a sample. Default: the job request's, otherwise all. */
  readonly limit?: number | undefined;
  /** True to start a new job even if its files and options have been run before. */
  readonly again: boolean;
}

/** Settings for a job's rows, and the job request with them, if there is one. */
export interface Treatment {
  readonly profile: string;
  readonly overrides: ProfileConfig;
  readonly limit: number | undefined;
  readonly request: JobRequest | undefined;
}

/**
 * Reads how the files are treated: from the options, or from a job request that is named as a file.
 * @throws InvalidRequest when a file does not exist, or is not a job request.
 */
export async function readTreatment({
  files,
  profile,
  overrides,
  limit,
}: Omit<AskedJob, 'again'>): Promise<Treatment> {
  const [jobFile, ...more] = files.filter((file) => file.endsWith(JOB_FILE_SUFFIX));
  if (jobFile !== undefined && files.length > 1) {
    throw new InvalidRequest(`${more[0] ?? jobFile} is a job request: run it alone.`);
  }
  const request = jobFile === undefined ? undefined : parseJobFile(await readWhole(jobFile), jobFile);
  const asked = request && askedOverrides(request);
  return {
    profile: profile ?? request?.profile ?? 'default',
    overrides: { ...asked, ...overrides, ...mergeTables(asked ?? {}, overrides) },
    limit: limit ?? request?.limit,
    request,
  };
}

/**
 * Builds the request of a job. Files are copied into the store as its inputs; a job request names inputs that are already there.
 * @throws InvalidRequest when a file cannot be read, or the profile or provider does not exist.
 */
export async function toStartRequest(
  store: ObjectStore,
  config: NightshiftConfig,
  { files, again }: Pick<AskedJob, 'files' | 'again'>,
  { profile, overrides, limit, request }: Treatment,
): Promise<StartRequest> {
  const asked = { files, again };
  if (request === undefined) {
    const identity = [identityOf(config, profile, overrides)];
    const { jobId, inputs } = await takeIn(store, { ...asked, identity, limit });
    return { jobId, profile, overrides, limit, inputs: () => Promise.resolve(inputs) };
  }
  const jobId = await findRequestedJob(store, config, asked, { profile, overrides, limit, request });
  const filter = new InputFilter();
  const inputs = (): Promise<readonly InputRef[]> => resolveInputs(store, jobId, request, filter);
  return { jobId, profile, overrides, limit, inputs, skipped: () => filter.skipped };
}

/**
 * The jobId of a requested job, without copying anything.
 * @throws InvalidRequest when a file cannot be read, or the profile or provider does not exist.
 */
export async function findRequestedJob(
  store: ObjectStore,
  config: NightshiftConfig,
  { files, again }: Pick<AskedJob, 'files' | 'again'>,
  { profile, overrides, limit, request }: Treatment,
): Promise<string> {
  const identity = [identityOf(config, profile, overrides)];
  if (request === undefined) return (await chooseJobs(store, { files, identity, again, limit })).jobId;
  const name = request.name ?? basename(files[0] ?? '');
  const sampled = limit === request.limit ? [] : [`limit ${limit}`];
  return chooseJob(store, name, [hashOfRequest(request), ...identity, ...sampled], again);
}

async function readWhole(file: string): Promise<Buffer> {
  await requireReadable(file);
  return readFile(file);
}

/** The settings that make two runs of one file the same job: all that affect answers, but not how often rows are sent. */
function identityOf(config: NightshiftConfig, profile: string, overrides: ProfileConfig): string {
  const resolved = resolveProfile(config, profile, overrides);
  const { polling: _polling, price: _price, maxBad: _maxBad, provider, budget, then, ...rest } = resolved;
  // Excludes budgets in money, because a job that stopped at its budget is resumed with a larger one.
  const { maxRows, maxInputTokens } = budget;
  const steps = then?.map(({ provider: { name }, price: _ofStep, polling: _pollsOfStep, ...step }) => ({
    ...step,
    provider: name,
  }));
  return JSON.stringify({
    ...rest,
    then: steps,
    budget: { maxRows, maxInputTokens },
    provider: provider.name,
  });
}
