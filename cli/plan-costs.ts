import { STEP_MEMORY_MIB } from '../lib/step-memory.ts';
import { rowsToSend, type Plan } from '../src/checkpoints/plan.ts';
import type { Price, ResolvedProfile } from '../src/checkpoints/profile.ts';
import { isSmall } from '../src/checkpoints/shard/shard-rounds.ts';
import { parseWindow } from '../src/provider/completion-window.ts';
import { estimateAwsCost, type AwsCost } from '../src/cost/aws-cost.ts';
import { longestAnswer, sendingOf } from '../src/spending/estimate.ts';
import { costOf, priceOf } from '../src/spending/price.ts';
import { pollTimes } from './poll-schedule.ts';

/** Rows that are sent direct, each once if none fails. */
export interface PlannedDirect {
  readonly calls: number;
  readonly aws: AwsCost;
}

export interface PlannedBatch {
  /** Seconds after which the batch ends. */
  readonly endsAfter: number;
  /** Times of the polls, in seconds after its start. */
  readonly polls: readonly number[];
  /** Cost of the whole job, if each batch takes this long and one round is enough. */
  readonly aws: AwsCost;
}

/** The provider's price, in the profile's currency. */
export interface PlannedPrice extends Price {
  readonly input: number;
  /** The cost if every answer has the longest length that the profile allows; undefined without a limit. */
  readonly mostOutput: number | undefined;
}

const HOUR = 3_600;

/** Durations of batches to show if they are shorter than the window, in seconds. The window is also shown. */
const LENGTHS = [HOUR / 6, HOUR, 6 * HOUR];

/** Plans the polls of a batch for several durations. */
export function planBatches(
  { polling: limits, completionWindow }: ResolvedProfile,
  plan: Plan,
): PlannedBatch[] {
  const windowSeconds = parseWindow(completionWindow) ?? 24 * HOUR;
  const shards = plan.shards.filter(({ requests }) => requests > 0);
  return [...LENGTHS.filter((length) => length < windowSeconds), windowSeconds].map((endsAfter) => {
    const polls = pollTimes({ limits, windowSeconds, endsAfter });
    const groups = shards.map(({ bytes }) => ({ shards: 1, bytes, polls: polls.length }));
    return { endsAfter, polls, aws: estimateAwsCost({ groups, memoryMib: STEP_MEMORY_MIB }) };
  });
}

/**
 * The calls, and their cost on AWS, of a job that is small enough to send its rows direct.
 * @returns undefined if the job is not small enough to send its rows direct
 */
export function planDirect(profile: ResolvedProfile, plan: Plan): PlannedDirect | undefined {
  if (!isSmall(profile, plan)) return undefined;
  const shards = plan.shards.filter(({ requests }) => requests > 0);
  const groups = shards.map(({ bytes, requests }) => ({ shards: 1, bytes, polls: 0, directRows: requests }));
  return {
    calls: rowsToSend(plan),
    aws: estimateAwsCost({ groups, memoryMib: STEP_MEMORY_MIB }),
  };
}

/**
 * The provider's price of a planned job.
 * @returns undefined if the profile has no price
 */
export function planPrice(profile: ResolvedProfile, plan: Plan): PlannedPrice | undefined {
  const { price, model, body } = profile;
  if (price === undefined) return undefined;
  const rate = priceOf(price, model);
  const { rows, inputTokens } = sendingOf(plan);
  const longest = longestAnswer(body);
  return {
    ...price,
    ...rate,
    input: costOf(rate, { inputTokens, outputTokens: 0 }),
    mostOutput:
      longest === undefined ? undefined : costOf(rate, { inputTokens: 0, outputTokens: longest * rows }),
  };
}
