import { sideBySide } from '../../concurrency/side-by-side.ts';
import type { ObjectStore } from '../../store/object-store.ts';
import { roundKey, type RoundRef, type ShardRef } from '../keys.ts';
import type { OpenBatch } from '../shard/shard-end.ts';
import { storedObject } from '../stored-object.ts';

/**
 * A second batch of a round, beside the one that the round is collected from. It exists because a create was repeated after its
 * answer was lost, because a proxy repeated the create, or because a batch that was given up as gone came back.
 */
export interface Twin {
  readonly batchId: string;
  /** The provider's string, verbatim; `not found` until a look finds it. */
  readonly status: string;
  readonly phase: 'running' | 'ended';
  readonly files: OpenBatch['files'];
}

/** `round-<r>.twins.json`: the twins of a round, as the last look saw them. */
interface TwinsCheckpoint {
  readonly twins: readonly Twin[];
}

export const twinsObject = storedObject<TwinsCheckpoint, RoundRef>((ref) =>
  roundKey(ref, ref.round, 'twins.json'),
);

export async function readTwinRecords(store: ObjectStore, ref: RoundRef): Promise<readonly Twin[]> {
  return (await twinsObject.read(store, ref))?.twins ?? [];
}

/** Twins of a shard's rounds that were running at the last look, in the form in which they are reported. */
export async function readOpenTwins(
  store: ObjectStore,
  ref: ShardRef,
  { lastRound, onResume }: { readonly lastRound: number; readonly onResume: string },
): Promise<readonly OpenBatch[]> {
  const rounds = Array.from({ length: lastRound }, (_, n) => n + 1);
  const twins = await sideBySide(rounds, async (round) =>
    (await readTwinRecords(store, { ...ref, round })).map((twin) => ({ round, ...twin })),
  );
  return twins
    .flat()
    .filter(({ phase }) => phase === 'running')
    .map(({ round, batchId, status, files }) => ({
      shard: ref.shard,
      round,
      batchId,
      status,
      files,
      error: TWIN_RUNS,
      onResume,
    }));
}

const TWIN_RUNS = {
  code: 'BATCH_TWICE',
  message:
    'A second batch of the same rows: the answer to a create was lost, and the provider made it twice. Its cancellation was requested; it may still cost money.',
};

/** The action of a resume of a stopped shard for a twin. */
export const RESUME_CANCELS =
  'A resume cancels the batch again, and uses its answers for rows without another answer.';

/** The action of a resume for a twin of a shard that is done: nothing is left to collect from it. */
export const CANCEL_ASKS_AGAIN =
  'Nothing: every row has its result. `nightshift cancel` asks the provider again to cancel the batch.';
