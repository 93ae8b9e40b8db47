import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  estimateNeed,
  estimateRows,
  freeBytes,
  totalOf,
  withSimulator,
  type DiskNeed,
} from '../host/disk-need.ts';
import { findRequestedJob, readTreatment, type AskedJob } from '../host/start-request.ts';
import { jobKey } from '../src/checkpoints/keys.ts';
import type { NightshiftConfig } from '../src/config/config.ts';
import { resolveProfile } from '../src/config/resolve-profile.ts';
import { InvalidRequest } from '../src/errors.ts';
import { printable } from '../src/text/printable.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { sizeText } from './view/size-text.ts';

interface Run extends AskedJob {
  readonly config: NightshiftConfig;
  readonly store: ObjectStore;
  /** The data folder. */
  readonly data: string;
  /** True if the provider is a simulator of this process. */
  readonly simulated: boolean;
}

/**
 * Compares what a run of files needs in its data folder with the free space of the disk, before anything is sent.
 * @returns a warning when the disk may become full
 * @throws InvalidRequest if the space is too small even for the copy of the input
 */
export async function checkDisk(run: Run): Promise<string | undefined> {
  const { config, files, data } = run;
  const treatment = await readTreatment(run);
  const free = await freeBytes(data);
  // The inputs of a job request are already in the folder.
  if (treatment.request !== undefined || free === undefined) return undefined;
  const profile = resolveProfile(config, treatment.profile, treatment.overrides);
  const ofFiles = estimateNeed(await estimateRows(files, treatment.limit), profile);
  const need = run.simulated ? withSimulator(ofFiles) : ofFiles;
  const problem = spaceProblem(need, free, data);
  if (problem === undefined || (await isKnown(run))) return undefined;
  if (problem.isCertain) throw new InvalidRequest(`${problem.message} Nothing was sent.`);
  return problem.message;
}

/**
 * Describes a disk with too little space; `isCertain` if the copy of the input does not fit. Requests are estimated, and may be
 * much smaller than their rows: a prompt may use one column of many, and rows may be compressed less than assumed.
 */
export function spaceProblem(
  need: DiskNeed,
  free: number,
  data: string,
): { readonly isCertain: boolean; readonly message: string } | undefined {
  if (totalOf(need) <= free) return undefined;
  const { input, requests, answers } = need;
  const parts = `the input ${sizeText(input)}, requests ${sizeText(requests)}, answers and results ${sizeText(answers)}`;
  return {
    isCertain: input > free,
    message: `The disk of the data folder "${printable(data)}" has ${sizeText(free)} free, and this job needs about ${sizeText(totalOf(need))}: ${parts}. Free space on it, or name a folder on another disk with --data.`,
  };
}

/** True if the data folder already has the input and the requests of the job, so that the job only continues. */
async function isKnown(run: Run): Promise<boolean> {
  const { store, config, files, data } = run;
  // Computing a job's id needs the whole input, which may be large; this is not needed if no job has a similar file.
  if (!(await hasCopy(data, files[0] ?? ''))) return false;
  const jobId = await findRequestedJob(store, config, run, await readTreatment(run));
  return (await store.stat(jobKey(jobId))) !== undefined;
}

async function hasCopy(data: string, file: string): Promise<boolean> {
  const { size } = await stat(file);
  const jobs = await readdir(join(data, 'jobs')).catch(() => []);
  for (const job of jobs) {
    const copy = await stat(join(data, 'jobs', job, 'input', basename(file))).catch(() => undefined);
    if (copy?.size === size) return true;
  }
  return false;
}
