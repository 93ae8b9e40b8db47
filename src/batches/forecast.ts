import { EMPTY_ROOM, readEnqueued, readRoom, type Room, type RoomEntry } from '../checkpoints/room.ts';
import type { ResolvedProfile } from '../checkpoints/profile.ts';
import { parseWindow } from '../provider/completion-window.ts';
import { counted, grouped } from '../text/counted.ts';
import { duration } from '../text/duration.ts';
import type { Plan } from '../checkpoints/plan.ts';
import { tokensBySize } from '../spending/estimate.ts';
import type { ObjectStore } from '../store/object-store.ts';
import { enqueuedTokens, isLimited, roomLimitsOf, withLearned } from './room-limits.ts';
import { isOf, withEnqueued } from './room-queue.ts';
import type { WantedRoom } from './take-room.ts';

/** An estimate of the time at which batches that ask for room now would end. */
export interface Forecast {
  /**
   * Highest number of tokens of the model's batches at the same time, and of batches at the same time; absent if no such limit is
   * known.
   */
  readonly tokens?: number;
  readonly slots?: number;
  /** Number of batches, of all jobs, that run or get room before these. */
  readonly ahead: number;
  /** Duration of a batch, in seconds: the mean of the last batches, or the whole completion window if none has ended yet. */
  readonly secondsPerBatch: number;
  readonly isMeasured: boolean;
  /** Seconds from now until the last batch has ended. */
  readonly seconds: number;
}

/** Batches that would ask for room now, in their order. */
export interface Forecasted {
  readonly profile: Pick<
    ResolvedProfile,
    'provider' | 'model' | 'maxBatches' | 'enqueuedTokens' | 'completionWindow'
  >;
  /** Input tokens of each batch. */
  readonly batches: readonly number[];
  /** Seconds since 1970. */
  readonly now: number;
}

/**
 * Estimates when the batches of a job get room, and when they end.
 * @returns undefined if no limit is known: then batches do not wait
 */
export async function forecast(
  store: ObjectStore,
  { profile, batches, now }: Forecasted,
): Promise<Forecast | undefined> {
  const { provider, model, completionWindow } = profile;
  const room = (await readRoom(store, provider.name)) ?? EMPTY_ROOM;
  const limits = roomLimitsOf(profile);
  if (!isLimited(room, limits, { model, at: now })) return undefined;
  const joined = withEnqueued(room, await readEnqueued(store, provider.name), 0);
  const measured = meanSeconds(room);
  const secondsPerBatch = measured ?? parseWindow(completionWindow) ?? DAY;
  const { slots = Infinity, tokensOf } = withLearned(joined, limits, now);
  const tokens = tokensOf(model);
  const line = { slots, tokens: tokens ?? Infinity, model, secondsPerBatch, now };
  return {
    ...(tokens !== undefined && { tokens }),
    ...(slots !== Infinity && { slots }),
    ahead: joined.holders.length + joined.waiting.length,
    secondsPerBatch,
    isMeasured: measured !== undefined,
    seconds: lastEnd(joined, batches, line),
  };
}

/** Seconds until a waiting round gets room; undefined until a batch has ended, because only then a duration is known. */
export function secondsUntilRoom(
  room: Room,
  { asking, limits }: Pick<WantedRoom, 'asking' | 'limits'>,
): number | undefined {
  const secondsPerBatch = meanSeconds(room);
  if (secondsPerBatch === undefined) return undefined;
  const { model, at: now } = asking;
  const { slots = Infinity, tokensOf } = withLearned(room, limits, now);
  const position = room.waiting.findIndex(isOf(asking));
  const before = { ...room, waiting: room.waiting.slice(0, position) };
  const line = { slots, tokens: tokensOf(model) ?? Infinity, model, secondsPerBatch, now };
  return lastStart(before, [asking.tokens], line);
}

function meanSeconds({ recent = [] }: Room): number | undefined {
  if (recent.length === 0) return undefined;
  return Math.ceil(recent.reduce((sum, seconds) => sum + seconds, 0) / recent.length);
}

/** Input tokens of each batch of a plan, in order. */
export function batchTokens(plan: Plan): number[] {
  const tokensOf = tokensBySize(plan);
  return plan.shards.filter(({ requests }) => requests > 0).map(({ bytes }) => tokensOf(bytes));
}

const DAY = 86_400;

interface Line {
  readonly slots: number;
  readonly tokens: number;
  readonly model: string | undefined;
  readonly secondsPerBatch: number;
  readonly now: number;
}

interface Running {
  readonly tokens: number;
  readonly endsAt: number;
}

/** When the last batch has ended, in seconds from now. */
function lastEnd(room: Room, batches: readonly number[], line: Line): number {
  return Math.max(0, ...letRun(room, batches, line).running.map(({ endsAt }) => endsAt));
}

/** When the last batch gets room, in seconds from now. */
function lastStart(room: Room, batches: readonly number[], line: Line): number {
  return letRun(room, batches, line).time;
}

function sumOfTokens(running: readonly Running[]): number {
  return running.reduce((sum, { tokens }) => sum + tokens, 0);
}

/** Simulates the batches in order until the last one has room. */
function letRun(
  { holders, waiting }: Room,
  batches: readonly number[],
  { slots, tokens, model, secondsPerBatch, now }: Line,
): { readonly running: readonly Running[]; readonly time: number } {
  const tokensOf = (entry: RoomEntry): number => enqueuedTokens([entry], model);
  let running: Running[] = holders.map((entry) => ({
    tokens: tokensOf(entry),
    endsAt: Math.max(0, secondsPerBatch - (now - entry.at)),
  }));
  let time = 0;
  let used = sumOfTokens(running);
  for (const next of [...waiting.map(tokensOf), ...batches]) {
    while (running.length >= slots || (used > 0 && used + next > tokens)) {
      time = Math.max(time, Math.min(...running.map(({ endsAt }) => endsAt)));
      running = running.filter(({ endsAt }) => endsAt > time);
      used = sumOfTokens(running);
    }
    running.push({ tokens: next, endsAt: time + secondsPerBatch });
    used += next;
  }
  return { running, time };
}

/** The forecast as a sentence: how long batches wait, as far as known. */
export function forecastText(forecasted: Forecast | undefined): string {
  if (forecasted === undefined) return 'no limit of batches or enqueued tokens is known: no wait is expected';
  const { tokens, slots, ahead, secondsPerBatch, isMeasured, seconds } = forecasted;
  const limits = [
    ...(slots === undefined ? [] : [counted(slots, 'batch')]),
    ...(tokens === undefined ? [] : [`${grouped(tokens)} enqueued tokens`]),
  ].join(' and ');
  const before = ahead === 0 ? 'nothing is ahead' : `${counted(ahead, 'batch')} of all jobs ahead`;
  const through = isMeasured
    ? `done in about ${duration(seconds)}, by the last batches, which took ${duration(secondsPerBatch)}`
    : `it is not known how long batches take: done in at most ${duration(seconds)}, if each takes its window of ${duration(secondsPerBatch)}`;
  return `room for ${limits} at a time; ${before}; ${through}`;
}
