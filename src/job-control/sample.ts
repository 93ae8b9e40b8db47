import { createHash } from 'node:crypto';
import { basename } from 'node:path/posix';
import type { Job } from '../checkpoints/job.ts';
import { jobKey } from '../checkpoints/keys.ts';
import { sampleObject } from '../checkpoints/sample.ts';
import { summaryObject } from '../checkpoints/summary.ts';
import type { Edges } from '../edges.ts';
import { InvalidRequest } from '../errors.ts';

/*
 * A sample is a job of the first rows of its inputs. A later job with the same inputs and settings reuses the sample's answers,
 * so that they are paid for only once.
 */

/** Records a sample for later jobs. */
export async function noteSample({ store }: Pick<Edges, 'store'>, job: Job): Promise<void> {
  const { jobId, limit } = job;
  if (limit === undefined) return;
  const hash = hashOf(job);
  const known = await sampleObject.read(store, hash);
  if (known === undefined || known.limit <= limit) await sampleObject.write(store, hash, { jobId, limit });
}

/**
 * Finds the sample whose answers a new job reuses.
 * @returns undefined if there is no sample, or it has no answers
 * @throws InvalidRequest when the sample may still get answers: sending its rows now would pay for them twice
 */
export async function findSample(
  { store }: Pick<Edges, 'store'>,
  job: Job,
): Promise<{ readonly jobId: string; readonly results: string } | undefined> {
  const note = await sampleObject.read(store, hashOf(job));
  if (note === undefined || note.jobId === job.jobId) return undefined;
  const { jobId, limit } = note;
  const summary = await summaryObject.read(store, jobId);
  const isForgotten = summary === undefined && (await store.stat(jobKey(jobId))) === undefined;
  if (isForgotten) return undefined;
  if (summary === undefined || (summary.open ?? []).length > 0) {
    const state = summary === undefined ? 'has not ended' : 'left batches open';
    throw new InvalidRequest(
      `Job ${jobId}, the sample of the first ${limit} rows, ${state}: sending its rows with the others now could pay for them twice. Let it end first: run the same command with --limit ${limit}, or resume the job.`,
    );
  }
  return summary.results === undefined ? undefined : { jobId, results: summary.results };
}

/** Hash of the inputs, the owner and the settings, without those for polling, prices, limits and the pilot. */
function hashOf({ profile, inputs, owner }: Job): string {
  const { polling: _polling, price: _price, budget: _budget, maxBad: _maxBad, ...asked } = profile;
  const { pilot: _pilot, provider, ...rest } = asked;
  const files = inputs.map(({ key, version, etag }) => [identityOf(key), version, etag]);
  const identity = JSON.stringify([{ ...rest, provider: provider.name }, files, owner]);
  return createHash('sha256').update(identity).digest('hex').slice(0, 32);
}

/** Identifies an input. Inline rows are named by their content and stored below their own job, so only their name counts. */
function identityOf(key: string): string {
  return /^jobs\/[^/]+\/rows-/.test(key) ? basename(key) : key;
}
