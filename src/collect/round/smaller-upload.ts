import type { Failure } from '../../errors.ts';
import { roundKey, type ShardRef } from '../../checkpoints/keys.ts';
import type { BatchError } from '../../provider/batch-provider.ts';
import { partToUpload } from '../../checkpoints/shard-part.ts';
import { readCollected } from '../../checkpoints/shard-rounds.ts';
import type { ObjectStore } from '../../store/object-store.ts';

/** What a file that was too large for the provider means for the rounds to come. */
export interface SmallerUpload {
  /** Most bytes of their files. */
  readonly maxUploadBytes: number | undefined;
  /** The one row that is too large by itself, by its place. */
  readonly tooLarge: ReadonlyMap<number, BatchError>;
}

/** Half of what was refused; a single row cannot be halved, so it fails and the others go on. */
export async function smallerUpload(
  store: ObjectStore,
  context: ShardRef & { readonly round: number; readonly givenBack?: Failure | undefined },
): Promise<SmallerUpload> {
  const { round, givenBack } = context;
  const known = (await readCollected(store, context)).at(-1)?.maxUploadBytes;
  if (givenBack?.name !== 'ProviderTooLarge') return { maxUploadBytes: known, tooLarge: new Map() };
  const part = await partToUpload(store, context, round);
  const whole = await store.stat(roundKey(context, round, 'requests.jsonl'));
  const bytes = part?.bytes ?? whole?.bytes ?? 0;
  if (part?.requests === 1) {
    const { code, message } = givenBack;
    return { maxUploadBytes: known, tooLarge: new Map([[0, { code, message, line: 1 }]]) };
  }
  return { maxUploadBytes: Math.max(1, Math.floor(bytes / 2)), tooLarge: new Map() };
}
