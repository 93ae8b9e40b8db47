import type { JobLedger } from '../checkpoints/ledger.ts';
import { rowsToSend, type Plan, type ShardPlan } from '../checkpoints/plan.ts';
import type { ResolvedProfile } from '../checkpoints/profile.ts';
import { numberText } from '../exact-json.ts';
import { costOf, priceOf } from './price.ts';

/** Request lines to send. */
export interface Sending {
  readonly rows: number;
  readonly inputTokens: number;
}

/** Usage that answers have reported so far. */
export type Reported = Pick<JobLedger, 'answers' | 'outputTokens'>;

/** The settings that estimates depend on. */
export type Priced = Pick<ResolvedProfile, 'price' | 'model' | 'body' | 'endpoint'>;

/** Endpoints whose answers have no output tokens. */
const WITHOUT_OUTPUT = /\/(?:embeddings|rerank|moderations)$/;

/** Parameters that limit the length of an answer. */
const LONGEST = ['max_completion_tokens', 'max_output_tokens', 'max_tokens'] as const;

/**
 * Estimates the cost of rows, in the currency of the price; 0 without a price. Output is estimated from the reported usage.
 * Before any usage is reported, an answer counts with the body's limit; without a limit, as long as its request, which is a
 * guess.
 */
export function estimateCost(
  { price, model, body, endpoint }: Priced,
  { rows, inputTokens }: Sending,
  { answers, outputTokens }: Reported = { answers: 0, outputTokens: 0 },
): number {
  if (price === undefined) return 0;
  const most = longestAnswer(body);
  const mean = answers > 0 ? outputTokens / answers : undefined;
  const perRow = mean === undefined ? most : Math.min(mean, most ?? Infinity);
  const output = perRow === undefined ? inputTokens : perRow * rows;
  const expected = WITHOUT_OUTPUT.test(endpoint) ? 0 : output;
  return costOf(priceOf(price, model), { inputTokens, outputTokens: expected });
}

/** True if the length of answers is unknown: the body has no limit, and no usage was reported. */
export function isGuess({ body, endpoint }: Priced, { answers }: Reported): boolean {
  return answers === 0 && longestAnswer(body) === undefined && !WITHOUT_OUTPUT.test(endpoint);
}

/** Most tokens of an answer, if the body limits them. */
export function longestAnswer(body: Readonly<Record<string, unknown>>): number | undefined {
  const given = LONGEST.map((name) => numberText(body[name])).find((text) => text !== undefined);
  return given === undefined ? undefined : Number(given);
}

/** The number of rows and of input tokens that a plan sends. */
export function sendingOf({ shards, inputTokens, estimatedTokens = inputTokens }: Plan): Sending {
  return { rows: rowsToSend({ shards }), inputTokens: estimatedTokens };
}

/** Assumed bytes per token, for executions that an earlier version started. */
const BYTES_PER_TOKEN = 4;

/** Estimates the input tokens of some of a shard's request lines by their bytes. */
export function tokensOfPart({ tokens, bytes: all }: Partial<ShardPlan> = {}, bytes: number): number {
  return tokens === undefined || all === undefined || all === 0
    ? Math.ceil(bytes / BYTES_PER_TOKEN)
    : Math.ceil((tokens * bytes) / all);
}

/** Estimates the input tokens of some of a plan's request lines by their bytes. */
export function tokensBySize(plan: Plan): (bytes: number) => number {
  const all = plan.shards.reduce((sum, shard) => sum + shard.bytes, 0);
  const { inputTokens } = sendingOf(plan);
  return (bytes) => (all === 0 ? 0 : Math.ceil((inputTokens * bytes) / all));
}
