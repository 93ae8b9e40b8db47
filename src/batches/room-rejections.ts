import type { RoundRef } from '../checkpoints/keys.ts';
import type { LearnedLimit, Room } from '../checkpoints/room.ts';
import { enqueuedTokens } from './room-limits.ts';
import { inOrder, isOf } from './room-queue.ts';

/**
 * How long a limit that was learned from a rejection applies, in seconds. After that more tokens are tried, because the provider
 * may have raised the limit.
 */
const LEARNED_SECONDS = 6 * 3_600;

/** A rejection for too many enqueued tokens. */
export interface RoomRejection extends RoundRef {
  readonly model: string | undefined;
  /** The limit, if the provider named it. */
  readonly limit: number | undefined;
  /** True if the file itself must be too large: it was rejected many times while nothing else was enqueued. */
  readonly isTooLarge?: boolean;
  readonly now: number;
  /** The round that sends the same rows again. */
  readonly next: number;
}

/**
 * Returns the room after a provider rejected a batch: the round returns to its former position in the queue, and the limit is
 * lowered. The provider had accepted the tokens that other rounds have enqueued, but not those plus this batch.
 * @returns undefined if the rejection shows no limit, or one that is already known
 */
export function roomAfterRejection(room: Room, rejection: RoomRejection, nth: number): Room | undefined {
  const { jobId, shard, round, model, now, next } = rejection;
  const isSame = isOf(rejection);
  const held = room.holders.find((entry) => isSame(entry) && entry.round === round);
  if (held === undefined && room.waiting.some((entry) => isSame(entry) && entry.round >= next))
    return undefined;
  const holders = room.holders.filter((entry) => entry !== held);
  const { tokens = 0 } = held ?? {};
  const lesson = lessonOf(room, rejection, { others: enqueuedTokens(holders, model), mine: tokens });
  if (held === undefined && lesson === undefined) return undefined;
  const mine = { jobId, shard, round: next, model, tokens, since: held?.since ?? now, at: now, nth };
  const waiting = inOrder([...room.waiting.filter((entry) => !isSame(entry)), mine]);
  if (lesson === undefined) return { ...room, holders, waiting };
  const until = now + LEARNED_SECONDS;
  return { ...room, holders, waiting, learned: { ...room.learned, [model ?? '']: { ...lesson, until } } };
}

/**
 * The limit that a rejection shows: the limit that the provider names; if the batch was within it, the tokens that other rounds
 * have enqueued; if there are no others and the file is too large, half of the file.
 */
function lessonOf(
  { learned = {} }: Room,
  { model, limit, isTooLarge, now }: RoomRejection,
  { others, mine }: { readonly others: number; readonly mine: number },
): Omit<LearnedLimit, 'until'> | undefined {
  const named = limit === undefined ? {} : { named: limit };
  if (limit !== undefined && others + mine > limit) return { tokens: limit, ...named };
  const half = Math.max(1, Math.floor(mine / 2));
  if (isTooLarge === true && others === 0) return { tokens: half, named: half };
  const before = learned[model ?? ''];
  const known = before !== undefined && before.until > now ? before.tokens : Infinity;
  const least = Math.min(limit ?? Infinity, others || Infinity, known);
  return least === Infinity ? undefined : { tokens: least, ...named };
}
