import type { ShardLimits } from '../checkpoints/profile.ts';

/** The rows and bytes of a shard so far. */
export interface Held {
  /** Number of request lines, their bytes, and their number of texts to embed. */
  readonly sent: number;
  readonly bytes: number;
  readonly inputs: number;
  readonly invalid: number;
  readonly answered: number;
  readonly reused: number;
  readonly deduplicated: number;
  /** Bytes of result lines whose rows no batch answers. */
  readonly unsentBytes: number;
}

/** Most reused rows of a shard, per row that it may send. */
const MAX_REUSED_PER_ROW = 20;

/** Most bytes of result lines in a shard for rows that no batch answers. */
export const MAX_UNSENT_BYTES = 1_000_000_000;

/** True if a shard has room for one more request line. */
export function shardHasRoom(
  held: Pick<Held, 'sent' | 'bytes' | 'inputs'>,
  request: { readonly bytes: number; readonly inputs: number },
  { maxBytes, maxRows, maxInputs = Infinity }: ShardLimits,
): boolean {
  return (
    held.bytes + request.bytes <= maxBytes && held.sent < maxRows && held.inputs + request.inputs <= maxInputs
  );
}

/**
 * True if a shard has room for one more row that is not sent. Such rows cost nothing at the provider, but one Lambda must also
 * read a shard's files.
 */
export function shardHasRoomUnsent(
  { invalid, answered, deduplicated, reused, unsentBytes }: Omit<Held, 'sent' | 'bytes' | 'inputs'>,
  { maxRows }: ShardLimits,
): boolean {
  return (
    invalid + answered + deduplicated < maxRows &&
    // More reused rows are allowed, so that few changed rows among many known ones go into few batches.
    reused < MAX_REUSED_PER_ROW * maxRows &&
    unsentBytes < MAX_UNSENT_BYTES
  );
}
