import { createHash } from 'node:crypto';
import type { InputRef } from './job.ts';
import { candidatesKey, claimsPrefix } from './keys.ts';
import { storedObject } from './stored-object.ts';
import type { ListedObject } from '../store/object-store.ts';

/**
 * `claims/<schedule>/<day>/<hash of key and mark>.json`: the job that has claimed this version of an object, by the day on which
 * the object was written. Written once. Claims of version 0.1 have no day in their key.
 */
export interface Claim {
  readonly jobId: string;
  readonly key: string;
}

/** `jobs/<jobId>/candidates.json`: the files that a run listed before it claimed any. Written once. */
export type Candidate = InputRef & Pick<ListedObject, 'mark'> & Partial<Pick<ListedObject, 'writtenAt'>>;

export const candidatesObject = storedObject<readonly Candidate[], string>(candidatesKey);

/** One version of a file below the prefix of a schedule. */
export interface ClaimRef {
  readonly schedule: string;
  readonly object: Claimed;
}

export const claimObject = storedObject<Claim, ClaimRef>(({ schedule, object }) =>
  claimKey(schedule, object),
);

export type Claimed = Pick<Candidate, 'key' | 'mark' | 'writtenAt'>;

/** The key of a claim. For an object without a time, it has no day, as in version 0.1. */
export function claimKey(schedule: string, { key, mark, writtenAt }: Claimed): string {
  const day = writtenAt === undefined ? '' : `${dayOf(writtenAt)}/`;
  return `${claimsPrefix(schedule)}${day}${hashOf(JSON.stringify([key, mark]))}.json`;
}

/** The UTC date, such as `2026-11-28`. */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
