import type { InputRef } from '../checkpoints/job.ts';
import {
  candidatesObject,
  claimKey,
  claimObject,
  dayOf,
  hashOf,
  type Candidate,
  type Claimed,
} from '../checkpoints/claim.ts';
import { claimsPrefix } from '../checkpoints/keys.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { sideBySide } from '../concurrency/side-by-side.ts';
import { InputFilter } from './input-files.ts';
import { MAX_INPUTS } from './request-limits.ts';
import { pinOf } from './resolve-inputs.ts';

export interface Claimer {
  readonly schedule: string;
  readonly prefix: string;
  readonly jobId: string;
  /** The scheduled time of the run, milliseconds since 1970. */
  readonly time: number;
}

const DAY_MS = 86_400_000;

/**
 * A run reads the files that are at most this old, in milliseconds, and once a day all files. The age is more than a day, because
 * S3 dates a multipart upload by its start, and the bucket aborts an upload that takes longer than a day.
 */
const RECENT_MS = 3 * DAY_MS;

/**
 * Oldest file that is claimed, in milliseconds. Claims expire after 400 days (`lib/data-bucket.ts`), so files that are older than
 * a year are not claimed.
 */
const OLDEST_MS = 365 * DAY_MS;

/**
 * Claims new files below a prefix, at most {@link MAX_INPUTS}; the others wait for the next run. Each version of a file goes to
 * exactly one job, even if two runs list it at the same time, because only one of them can create its claim. A run that is
 * retried or runs twice uses the recorded candidates, so it gets the same files.
 */
export async function claimInputs(
  store: ObjectStore,
  claimer: Claimer,
  filter = new InputFilter(),
): Promise<readonly InputRef[]> {
  const candidates = await freezeCandidates(store, claimer, filter);
  const ours = await sideBySide(candidates, (candidate) => claim(store, claimer, candidate));
  return candidates
    .filter((_, n) => ours[n])
    .map(({ mark: _mark, writtenAt: _writtenAt, ...input }) => input);
}

/**
 * Releases the files of a job that was rejected before it sent anything, so that the next run claims them. The job must never
 * send anything afterwards.
 */
export async function releaseClaims(
  store: ObjectStore,
  { schedule, jobId }: Pick<Claimer, 'schedule' | 'jobId'>,
): Promise<void> {
  const candidates = (await candidatesObject.read(store, jobId)) ?? [];
  await sideBySide(candidates, async (candidate) => {
    const at = { schedule, object: candidate };
    if ((await claimObject.read(store, at))?.jobId === jobId) await store.delete(claimObject.keyOf(at));
  });
}

async function freezeCandidates(
  store: ObjectStore,
  claimer: Claimer,
  filter: InputFilter,
): Promise<readonly Candidate[]> {
  const { jobId } = claimer;
  const known = await candidatesObject.read(store, jobId);
  if (known !== undefined) return known;
  const seen = await findCandidates(store, claimer, filter);
  const first = await candidatesObject.create(store, jobId, seen);
  return first ? seen : candidatesObject.require(store, jobId);
}

async function findCandidates(
  store: ObjectStore,
  claimer: Claimer,
  filter: InputFilter,
): Promise<Candidate[]> {
  const { schedule, prefix } = claimer;
  const oldest = await oldestToLookAt(store, claimer);
  const claims = new ClaimedDays(store, schedule);
  const files: string[] = [];
  for await (const { key, bytes, mark, writtenAt } of store.list(prefix)) {
    if (!filter.takes(key, bytes) || writtenAt < oldest) continue;
    if (!(await claims.has({ key, mark, writtenAt }))) files.push(key);
    if (files.length === MAX_INPUTS) break;
  }
  const found = await sideBySide(files, (key) => pinUnclaimed(store, schedule, key));
  if (files.length < MAX_INPUTS) await noteLook(store, claimer);
  return found.filter((candidate) => candidate !== undefined);
}

/**
 * The time of the oldest file to consider; older files were considered before. In a folder store all files are considered,
 * because people can move a file of any age into the folder.
 */
async function oldestToLookAt(store: ObjectStore, claimer: Claimer): Promise<number> {
  if (store.file !== undefined) return 0;
  const looked = (await store.stat(lookKey(claimer))) !== undefined;
  return claimer.time - (looked ? RECENT_MS : OLDEST_MS);
}

/** Records that a run has read all files on this day. */
async function noteLook(store: ObjectStore, claimer: Claimer): Promise<void> {
  if (store.file === undefined) await store.put(lookKey(claimer), '');
}

/** Key of the record that a prefix was listed on a day. Each prefix has its own, because each is listed separately. */
function lookKey({ schedule, prefix, time }: Claimer): string {
  return `${claimsPrefix(schedule)}looked/${dayOf(time)}-${hashOf(prefix)}`;
}

/** The claims of the days that are needed; each day is listed once. */
class ClaimedDays {
  readonly #store: ObjectStore;
  readonly #schedule: string;
  readonly #days = new Map<string, Promise<ReadonlySet<string>>>();

  constructor(store: ObjectStore, schedule: string) {
    this.#store = store;
    this.#schedule = schedule;
  }

  async has(object: Claimed): Promise<boolean> {
    const day = dayOf(object.writtenAt ?? 0);
    const claims = this.#days.get(day) ?? this.#list(day);
    this.#days.set(day, claims);
    return (await claims).has(claimKey(this.#schedule, object));
  }

  async #list(day: string): Promise<ReadonlySet<string>> {
    const store = this.#store;
    const claims = new Set<string>();
    for await (const { key } of store.list(`${claimsPrefix(this.#schedule)}${day}/`)) claims.add(key);
    return claims;
  }
}

/** Reads the version of a file, which a listing does not show. If a newer version exists by now, it is claimed. */
async function pinUnclaimed(
  store: ObjectStore,
  schedule: string,
  key: string,
): Promise<Candidate | undefined> {
  const found = await store.stat(key);
  if (found === undefined) return undefined;
  const { mark, writtenAt } = found;
  if ((await store.stat(claimKey(schedule, { key, mark }))) !== undefined) return undefined;
  return { key, mark, writtenAt, ...pinOf(found) };
}

async function claim(
  store: ObjectStore,
  { schedule, jobId }: Claimer,
  candidate: Candidate,
): Promise<boolean> {
  const at = { schedule, object: candidate };
  const won = await claimObject.create(store, at, { jobId, key: candidate.key });
  return won || (await claimObject.require(store, at)).jobId === jobId;
}
