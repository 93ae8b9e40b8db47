import type { BatchUsage } from './batches.ts';

/** Tokens of a batch, in the form in which OpenAI reports them in the batch object. */
export const NO_USAGE: BatchUsage = { input: 0, cached: 0, output: 0, reasoning: 0 };

type Counts = Readonly<Record<string, unknown>>;

/** Adds the usage of an answer's body, with the field names of chat or of responses. */
export function addUsage(sum: BatchUsage, { usage }: Counts): BatchUsage {
  const counts = (usage ?? {}) as Counts;
  const details = (names: readonly string[]): Counts =>
    (names.map((name) => counts[name]).find((value) => value !== undefined) ?? {}) as Counts;
  const number = (value: unknown): number => (typeof value === 'number' ? value : 0);
  const input = details(['prompt_tokens_details', 'input_tokens_details']);
  const output = details(['completion_tokens_details', 'output_tokens_details']);
  return {
    input: sum.input + number(counts['prompt_tokens'] ?? counts['input_tokens']),
    cached: sum.cached + number(input['cached_tokens']),
    output: sum.output + number(counts['completion_tokens'] ?? counts['output_tokens']),
    reasoning: sum.reasoning + number(output['reasoning_tokens']),
  };
}

/** The `usage` of a batch object. */
export function usageObject({ input, cached, output, reasoning }: BatchUsage): Counts {
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: cached },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  };
}
