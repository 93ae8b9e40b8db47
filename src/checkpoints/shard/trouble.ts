import { failureFromCatch, type Failure } from '../../errors.ts';
import { storedObject } from '../stored-object.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { shardKey, type ShardRef } from '../keys.ts';

/** `trouble.json`. */
interface Trouble {
  readonly failure: Failure;
}

const troubleObject = storedObject<Trouble, ShardRef>((ref) => shardKey(ref, 'trouble.json'));

/** Names of our own errors, which are recorded. Any other error is only in the step's log. */
const NAMED = /^(?:Provider|Store|Invalid|Step|CountsDoNotReconcile|RequestsDamaged)/;

/**
 * Records the error of a step, because the state machine drops it after the failure. The job's summary can then name it. If the
 * store fails here, the step still fails with its own error.
 */
export async function noteTrouble(store: ObjectStore, ref: ShardRef, error: unknown): Promise<void> {
  if (!(error instanceof Error) || !NAMED.test(error.name)) return;
  const failure = failureFromCatch({ Error: error.name, Cause: error.message });
  await troubleObject.write(store, ref, { failure }).catch(() => undefined);
}

/** The last error that was recorded for a shard. */
export async function readTrouble(store: ObjectStore, ref: ShardRef): Promise<Failure | undefined> {
  return (await troubleObject.read(store, ref))?.failure;
}
