import type { ResolvedProfile } from '../checkpoints/profile.ts';
import { EMPTY_ROOM, type Room, type RoomEntry } from '../checkpoints/room.ts';

/** Limits of a provider. */
export interface RoomLimits {
  /** Most batches at the same time. */
  readonly slots?: number | undefined;
  /** Most input tokens of a model's queued and running batches; undefined if unknown. */
  readonly tokensOf: (model: string | undefined) => number | undefined;
}

/** The limits of a profile's provider. */
export function roomLimitsOf({
  maxBatches,
  enqueuedTokens: limit,
}: Pick<ResolvedProfile, 'maxBatches' | 'enqueuedTokens'>): RoomLimits {
  const tokensOf = (model: string | undefined): number | undefined =>
    typeof limit === 'object' ? limit[model ?? ''] : limit;
  return { slots: maxBatches, tokensOf };
}

/** Input tokens of a model's batches that hold room. */
export function enqueuedTokens(
  entries: readonly Pick<RoomEntry, 'model' | 'tokens'>[],
  model: string | undefined,
): number {
  return entries.reduce((sum, entry) => sum + (entry.model === model ? entry.tokens : 0), 0);
}

/** A provider's limits, lowered by the limits that rejections have shown. */
export function withLearned(
  { learned = {} }: Room,
  { slots, tokensOf }: RoomLimits,
  now: number,
): RoomLimits {
  return {
    slots,
    tokensOf: (model) => {
      const lesson = learned[model ?? ''];
      const known = tokensOf(model);
      return lesson === undefined || lesson.until <= now ? known : Math.min(known ?? Infinity, lesson.tokens);
    },
  };
}

/** True if any limit is known. */
export function isLimited(
  room: Room | undefined,
  { slots, tokensOf }: RoomLimits,
  { model, at }: Pick<RoomEntry, 'model' | 'at'>,
): boolean {
  return (slots ?? withLearned(room ?? EMPTY_ROOM, { tokensOf }, at).tokensOf(model)) !== undefined;
}

/** Token estimates are off by up to a fifth, so a file that must fit uses this share of the limit. */
const PART_SHARE = 0.8;

/** True if a row has more tokens than may be enqueued, even with the largest error of its estimate. */
export function isSurelyBeyond(tokens: number, limit: number | undefined): boolean {
  return limit !== undefined && PART_SHARE * tokens > limit;
}

/** Most bytes of a file whose tokens must fit into the limit; undefined if the whole file fits, or no limit is known. */
export function bytesThatFit(
  room: Room | undefined,
  limits: RoomLimits,
  { model, tokens, at, bytes }: Pick<RoomEntry, 'model' | 'tokens' | 'at'> & { readonly bytes: number },
): number | undefined {
  const lesson = room?.learned?.[model ?? ''];
  // A limit that was learned only from the tokens of other rounds does not show how much of this file fits. A limit that the
  // provider named does.
  const named = lesson !== undefined && lesson.until > at ? lesson.named : undefined;
  const limit = Math.min(limits.tokensOf(model) ?? Infinity, named ?? Infinity);
  return tokens <= limit ? undefined : Math.floor((PART_SHARE * bytes * limit) / tokens);
}
