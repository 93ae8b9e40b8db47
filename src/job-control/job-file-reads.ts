import type { NightshiftConfig } from '../config/config.ts';
import { INPUT_PREFIX, STAGED_PREFIX } from '../checkpoints/keys.ts';
import { InvalidRequest } from '../errors.ts';
import { profileOfKey, type Drop } from '../requests/drop-event.ts';
import type { JobRequest } from '../requests/job-request.ts';

/**
 * Checks that a dropped job file reads only what its folder may read. Otherwise, write access to one profile's folder would give
 * read access to other profiles' files and to all results.
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
  // A file directly below input/ belongs to the default profile, as a job file there does.
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

/** True for a key without "." and ".." as its parts: in a folder that serves as the bucket, they lead to other files. */
function isPlain(key: string): boolean {
  return !key.split('/').some((part) => part === '.' || part === '..');
}
