import { createHash } from 'node:crypto';
import { OUTPUT_PREFIX, STAGED_PREFIX } from '../checkpoints/keys.ts';
import { InvalidRequest } from '../errors.ts';
import { jobObject } from '../checkpoints/job.ts';
import type { JobRequest } from '../requests/job-request.ts';
import type { ApiEdges } from './api-edges.ts';
import { ApiProblem } from './problems.ts';
import { jobParams } from './schemas.ts';

/**
 * Keeps callers apart if the configuration has `api: { owner: 'caller' }`: each has a folder to upload to, and may name only
 * files there and results of their own jobs.
 */

/** The owner whose jobs a caller may see; `undefined` means all jobs. */
export function ownerFor({ config }: Pick<ApiEdges, 'config'>, caller: string): string | undefined {
  return config.api?.owner === 'caller' ? caller : undefined;
}

/**
 * Guards the routes of one job. Ignores an invalid id, which the route rejects itself.
 * @throws ApiProblem for another caller's job, the same problem as for a job that does not exist
 */
export async function rejectOthersJob(edges: ApiEdges, caller: string, jobId: string): Promise<void> {
  const owner = ownerFor(edges, caller);
  if (owner === undefined || !jobParams.safeParse({ jobId }).success) return;
  if (await ownsJob(edges, owner, jobId)) return;
  throw new ApiProblem('no-such-job', `There is no job ${jobId}.`);
}

async function ownsJob({ store }: Pick<ApiEdges, 'store'>, owner: string, jobId: string): Promise<boolean> {
  return (await jobObject.read(store, jobId))?.owner === owner;
}

/**
 * The key of a caller's upload: the requested key, or that key below the caller's own folder.
 * @throws InvalidRequest for a key below `input/`, which would start a job without an owner
 */
export function uploadKey(edges: Pick<ApiEdges, 'config'>, caller: string, key: string): string {
  const owner = ownerFor(edges, caller);
  if (owner === undefined || key.startsWith(folderOf(owner))) return key;
  if (key.startsWith(STAGED_PREFIX)) return `${folderOf(owner)}${key.slice(STAGED_PREFIX.length)}`;
  throw new InvalidRequest(
    `Callers are separated here, and a file below "input/" would start a job without an owner. Upload it below "${STAGED_PREFIX}", and start its job by POST /jobs.`,
  );
}

/**
 * Rejects a request for inputs that its caller may not read.
 * @throws InvalidRequest for input files of other callers
 */
export async function rejectOthersInputs(
  edges: ApiEdges,
  caller: string,
  { inputs = [], prefix }: Pick<JobRequest, 'inputs' | 'prefix'>,
): Promise<void> {
  const owner = ownerFor(edges, caller);
  if (owner === undefined) return;
  for (const key of [...inputs, ...(prefix === undefined ? [] : [prefix])]) {
    if (await isOwn(edges, owner, key)) continue;
    throw new InvalidRequest(
      `"${key}" is not yours: name files that you have uploaded, below "${folderOf(owner)}", or results of your own jobs.`,
    );
  }
}

async function isOwn(edges: Pick<ApiEdges, 'store'>, owner: string, key: string): Promise<boolean> {
  if (key.split('/').some((part) => part === '.' || part === '..')) return false;
  if (key.startsWith(folderOf(owner))) return true;
  const jobId = new RegExp(`^${OUTPUT_PREFIX}([\\w-]{1,80})/`).exec(key)?.[1];
  return jobId !== undefined && ownsJob(edges, owner, jobId);
}

/** The folder of a caller's uploads. Its name is a hash, because a caller's name may hold any character. */
function folderOf(owner: string): string {
  return `${STAGED_PREFIX}${createHash('sha256').update(owner).digest('hex').slice(0, 32)}/`;
}
