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
import { sideBySide } from '../side-by-side.ts';
import { InputFilter } from './input-files.ts';
import { MAX_INPUTS } from './request-limits.ts';
import { pinOf } from './resolve-inputs.ts';

export interface Claimer {
  readonly schedule: string;
  readonly prefix: string;
  readonly jobId: string;
  /** The time the run is for, milliseconds since 1970. */
  readonly time: number;
}

const DAY_MS = 86_400_000;

/**
 * A run looks at files of so many days, and once a day at all of them: S3 shows an upload in parts under the time of its
 * start, and the bucket ends one that takes longer than a day.
 */
const RECENT_MS = 3 * DAY_MS;

/** Claims are forgotten after 400 days (`lib/data-bucket.ts`), so files that are older than a year are not taken. */
const OLDEST_MS = 365 * DAY_MS;

/**
 * Takes what is new below a prefix, {@link MAX_INPUTS} files at most; what is left waits for the next run. Each
 * version of a file goes to exactly one job, also when two runs look at the same time: creating its claim decides. A
 * run that is tried again, or twice at once, goes by the same candidates, so it comes to the same files.
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
 * Gives the files of a job back that was refused before anything of it was sent: the next run takes them. The job must
 * never send anything afterwards.
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
 * What is older was looked at before. People can move a file of any age into a folder, so all of a folder's files are
 * looked at.
 */
async function oldestToLookAt(store: ObjectStore, claimer: Claimer): Promise<number> {
  if (store.file !== undefined) return 0;
  const looked = (await store.stat(lookKey(claimer))) !== undefined;
  return claimer.time - (looked ? RECENT_MS : OLDEST_MS);
}

/** Remembers that all files were looked at this day. */
async function noteLook(store: ObjectStore, claimer: Claimer): Promise<void> {
  if (store.file === undefined) await store.put(lookKey(claimer), '');
}

/** Prefixes are apart: what was looked at below one says nothing of another. */
function lookKey({ schedule, prefix, time }: Claimer): string {
  return `${claimsPrefix(schedule)}looked/${dayOf(time)}-${hashOf(prefix)}`;
}

/** The claims of the days that are asked about; each day is listed once. */
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

/** Only the object itself tells its version; it may be a newer one than was listed, and that one is meant then. */
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
