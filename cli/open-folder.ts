import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jobKey } from '../src/checkpoints/keys.ts';
import { createFolderStore } from '../src/store/folder-store.ts';
import { FolderInUse, holderOf } from '../host/lock.ts';
import { openLocalEdges, type LocalEdges, type OpenEdges } from '../host/open-edges.ts';
import { findRequestedJob, readTreatment, type AskedJob } from '../host/start-request.ts';
import { printError } from './output.ts';
import { printable } from '../src/text/printable.ts';

/** Most folders that are tried if the data folder is in use. It limits the number of runs at the same time. */
const MOST_BESIDE = 9;

/** The data folder of a run. */
export type RunFolder =
  /** A folder that this process has locked. */
  | { readonly kind: 'own'; readonly edges: LocalEdges; readonly data: string }
  /** The folder is used by another process that has recorded the job. The job is watched there. */
  | { readonly kind: 'joined'; readonly jobId: string; readonly data: string };

/**
 * Opens the data folder for a run. If another process uses it and has recorded the job, this run watches the job there, so that
 * it is not paid twice. Any other job runs in a folder beside it.
 * @throws InvalidRequest when no folder can be used
 */
export async function openForRun(options: OpenEdges, asked: AskedJob): Promise<RunFolder> {
  for (let n = 1; ; n += 1) {
    const data = n === 1 ? options.data : `${options.data}-${n}`;
    try {
      return { kind: 'own', edges: await openLocalEdges({ ...options, data }), data };
    } catch (error) {
      if (!(error instanceof FolderInUse) || n > MOST_BESIDE) throw error;
    }
    const jobId = await knownThere(data, options, asked);
    if (jobId !== undefined) return { kind: 'joined', jobId, data };
    await sayBeside(data, `${options.data}-${n + 1}`);
  }
}

/** Milliseconds to wait for a run that has just locked the folder, because it may be about to record the same job. */
const JUST_TAKEN_MS = 5_000;

async function knownThere(data: string, { config }: OpenEdges, asked: AskedJob): Promise<string | undefined> {
  const { url, since } = (await holderOf(resolve(data))) ?? {};
  const age = since === undefined ? 0 : Date.now() - Date.parse(since);
  if (url === undefined && age < JUST_TAKEN_MS) await sleep(JUST_TAKEN_MS - age);
  const store = createFolderStore(resolve(data));
  const jobId = await findRequestedJob(store, config, asked, await readTreatment(asked));
  return (await store.stat(jobKey(jobId))) === undefined ? undefined : jobId;
}

async function sayBeside(data: string, beside: string): Promise<void> {
  const holder = await holderOf(resolve(data));
  const who = holder?.pid === undefined ? 'another process' : `process ${holder.pid}`;
  printError(`"${printable(data)}" is in use by ${who}: this run uses "${printable(beside)}".`);
}
