import type { NightshiftConfig } from '../config/config.ts';
import { INPUT_PREFIX, STAGED_PREFIX } from '../checkpoints/keys.ts';
import { InvalidRequest } from '../errors.ts';
import { profileOfKey, type Drop } from '../requests/drop-event.ts';
import type { JobRequest } from '../requests/job-request.ts';

/**
 * Checks that a dropped job file reads only what may be read from the folder it lies in: whoever may write to one profile's folder
 * may not, by that, read the files of others and the results of all jobs.
 * @throws InvalidRequest naming the first key that it may not read
 */
export function rejectOtherFiles(
  { requests = {} }: NightshiftConfig,
  { profile }: Pick<Drop, 'profile'>,
  { inputs = [], prefix }: Pick<JobRequest, 'inputs' | 'prefix'>,
): void {
  const { reads = {} } = requests;
  const configured = Object.hasOwn(reads, profile) ? reads[profile] : undefined;
  const prefixes = configured ?? [`${INPUT_PREFIX}${profile}/`, STAGED_PREFIX];
  const isBelow = (key: string): boolean => isPlain(key) && prefixes.some((each) => key.startsWith(each));
  // A file right below input/ is the default profile's, as the job file beside it is.
  const isBeside = (key: string): boolean =>
    configured === undefined && isPlain(key) && key.startsWith(INPUT_PREFIX) && profileOfKey(key) === profile;
  const other =
    inputs.find((key) => !isBelow(key) && !isBeside(key)) ??
    (prefix === undefined || isBelow(prefix) ? undefined : prefix);
  if (other === undefined) return;
  throw new InvalidRequest(
    `A job file of the profile "${profile}" may not read "${other}", only what is below ${prefixes.map((each) => `"${each}"`).join(', ')}. requests.reads in nightshift.config.ts allows more.`,
  );
}

/** In a folder that stands for the bucket, "." and ".." lead elsewhere. */
function isPlain(key: string): boolean {
  return !key.split('/').some((part) => part === '.' || part === '..');
}
