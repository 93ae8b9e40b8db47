import { numberText } from '../exact-json.ts';
import type { Usage } from '../checkpoints/counts.ts';
import type { ResultLine } from '../checkpoints/result-line.ts';
import { asWire } from '../provider/wire.ts';

export const NO_USAGE: Usage = { inputTokens: 0, outputTokens: 0, energy: 0, credits: 0 };

export const USAGE_PARTS = ['inputTokens', 'outputTokens', 'energy', 'credits'] as const;

/** Fields of an answer with its usage. */
export const USAGE_KEYS: ReadonlySet<string> = new Set([
  'prompt_tokens',
  'input_tokens',
  'completion_tokens',
  'output_tokens',
  'energy',
  'credits',
]);

/** Tokens and cost of one answer's body: OpenAI's field names, and Melious's `billing_cost` of decimal strings. */
export function usageOf(body: unknown): Usage {
  const usage = asWire(asWire(body)?.['usage']);
  const cost = asWire(asWire(body)?.['billing_cost']);
  return {
    inputTokens: readAmount(usage?.['prompt_tokens'] ?? usage?.['input_tokens']),
    outputTokens: readAmount(usage?.['completion_tokens'] ?? usage?.['output_tokens']),
    energy: readAmount(cost?.['energy']),
    credits: readAmount(cost?.['credits']),
  };
}

/** Usage of a result line. The body has the parts that the line itself does not show. */
export function usageOfLine({ usage, body }: Pick<ResultLine, 'usage' | 'body'>): Usage {
  return usageOf(usage === undefined ? body : { ...asWire(body), usage });
}

/** True if any usage was reported. */
export function isPaid(usage: Usage): boolean {
  return USAGE_PARTS.some((part) => usage[part] > 0);
}

/** Adds, and rounds to 10 decimals, so that 0.1 + 0.2 is 0.3. */
export function addUsage(a: Usage, b: Usage): Usage {
  const { energy, credits, ...tokens } = plusUsage(a, b);
  return { ...tokens, energy: decimal(energy), credits: decimal(credits) };
}

/** Adds without rounding, for many additions in a row. */
export function plusUsage(a: Usage, b: Usage): Usage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    energy: a.energy + b.energy,
    credits: a.credits + b.credits,
  };
}

function decimal(value: number): number {
  return Number(value.toFixed(10));
}

/** A number, or a text with a number; 0 for anything else. */
export function readAmount(value: unknown): number {
  const text = typeof value === 'string' ? value.trim() : numberText(value);
  const read = text === undefined || text === '' ? 0 : Number(text);
  return Number.isFinite(read) && read >= 0 ? read : 0;
}
