import { createHash } from 'node:crypto';
import type { InputRef } from '../job.ts';
import { candidatesKey, claimsPrefix } from '../checkpoints/keys.ts';
import { readJson, requireJson } from '../store/json.ts';
import type { ListedObject, ObjectStore } from '../store/object-store.ts';
import { sideBySide } from '../side-by-side.ts';
import { MAX_INPUTS } from './job-request.ts';
import { isInputFile, pinOf } from './resolve-inputs.ts';

export interface Claimer {
  readonly schedule: string;
  readonly prefix: string;
  readonly jobId: string;
}

/** `claims/<schedule>/<hash of key and mark>.json`: which job has taken this very object. Written once. */
interface Claim {
  readonly jobId: string;
  readonly key: string;
}

/** `jobs/<jobId>/candidates.json`: what a run saw, before it took any of it. Written once. */
type Candidate = InputRef & Pick<ListedObject, 'mark'>;

/**
 * Takes what is new below a prefix, {@link MAX_INPUTS} files at most; what is left waits for the next run. Each
 * version of a file goes to exactly one job, also when two runs look at the same time: creating its claim decides. A
 * run that is tried again, or twice at once, goes by the same candidates, so it comes to the same files.
 */
export async function claimInputs(store: ObjectStore, claimer: Claimer): Promise<readonly InputRef[]> {
  const candidates = await freezeCandidates(store, claimer);
  const ours = await sideBySide(candidates, (candidate) => claim(store, claimer, candidate));
  return candidates.filter((_, n) => ours[n]).map(({ mark: _mark, ...input }) => input);
}

async function freezeCandidates(store: ObjectStore, claimer: Claimer): Promise<readonly Candidate[]> {
  const key = candidatesKey(claimer.jobId);
  const known = await readJson<readonly Candidate[]>(store, key);
  if (known !== undefined) return known;
  const seen = await findCandidates(store, claimer);
  const first = await store.createIfAbsent(key, `${JSON.stringify(seen)}\n`);
  return first ? seen : requireJson<readonly Candidate[]>(store, key);
}

async function findCandidates(store: ObjectStore, { schedule, prefix }: Claimer): Promise<Candidate[]> {
  const claims = new Set<string>();
  for await (const { key } of store.list(claimsPrefix(schedule))) claims.add(key);
  const files: string[] = [];
  for await (const { key, bytes, mark } of store.list(prefix)) {
    if (isInputFile(key, bytes) && !claims.has(claimKey(schedule, key, mark))) files.push(key);
    if (files.length === MAX_INPUTS) break;
  }
  // Only the object itself tells its version; it may be a newer one than was listed, and that one is meant then.
  const found = await sideBySide(files, (key) => store.stat(key));
  return files.flatMap((key, n) => {
    const info = found[n];
    return info === undefined ? [] : [{ key, mark: info.mark, ...pinOf(info) }];
  });
}

async function claim(
  store: ObjectStore,
  { schedule, jobId }: Claimer,
  candidate: Candidate,
): Promise<boolean> {
  const { key, mark } = candidate;
  const place = claimKey(schedule, key, mark);
  const won = await store.createIfAbsent(place, `${JSON.stringify({ jobId, key } satisfies Claim)}\n`);
  return won || (await requireJson<Claim>(store, place)).jobId === jobId;
}

function claimKey(schedule: string, key: string, mark: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([key, mark]))
    .digest('hex')
    .slice(0, 32);
  return `${claimsPrefix(schedule)}${hash}.json`;
}
