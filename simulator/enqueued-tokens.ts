import type { SimulatedBatch, ValidationError } from './batches.ts';

/** The limit of a model's queued and running tokens, and how a batch beyond the limit is rejected. */
export interface EnqueuedLimit {
  readonly tokens: number;
  /** `create`: with 429. `batch`: the batch is created and fails when it leaves the queue, as at OpenAI. */
  readonly refuses: 'create' | 'batch';
  /** True if the rejection names the limit. Default: true. */
  readonly namesLimit?: boolean | undefined;
}

/** The error of a create that is answered with 429. */
export class EnqueuedTokensExceeded extends Error {}

/** Estimated input tokens of a request: a quarter of its characters. */
export function requestTokens(body: Readonly<Record<string, unknown>>): number {
  const { messages, input, prompt } = body;
  return tokensOf(messages ?? input ?? prompt ?? '');
}

function tokensOf(value: unknown): number {
  if (typeof value === 'string') return Math.ceil(value.length / 4);
  if (Array.isArray(value)) return value.reduce<number>((sum, each) => sum + tokensOf(each), 0);
  if (typeof value !== 'object' || value === null) return 0;
  return 'content' in value ? tokensOf(value.content) : 'text' in value ? tokensOf(value.text) : 0;
}

/** Tokens of a model's batches that have not ended. */
export function enqueuedOf(running: Iterable<SimulatedBatch>, model: string | undefined): number {
  return [...running]
    .filter((batch) => batch.model === model && !batch.errors.some(({ code }) => code === CODE))
    .reduce((sum, { tokens = 0 }) => sum + tokens, 0);
}

const CODE = 'token_limit_exceeded';

export function tooManyTokens(
  model: string | undefined,
  { tokens, namesLimit = true }: EnqueuedLimit,
): ValidationError {
  const limit = namesLimit ? ` Limit: ${tokens.toLocaleString('en-US')} enqueued tokens.` : '';
  const message = `Enqueued token limit reached for ${model ?? 'the model'} in organization org-simulator.${limit} Please try again once some in_progress batches have been completed.`;
  return { code: CODE, message, line: null, param: null };
}
