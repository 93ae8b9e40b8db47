import type { DirectAnswer } from '../batch-provider.ts';

/**
 * Adds Anthropic's rate limit headers under OpenAI's names: `anthropic-ratelimit-requests-remaining` becomes
 * `x-ratelimit-remaining-requests`. Anthropic's resets are times of day.
 */
export function withPlainLimits(headers: DirectAnswer['headers']): DirectAnswer['headers'] {
  const renamed = Object.entries(headers).flatMap(([name, value]) => {
    const [, what, which] = /^anthropic-ratelimit-(requests|tokens)-(remaining|reset)$/.exec(name) ?? [];
    return what === undefined ? [] : [[`x-ratelimit-${which}-${what}`, value] as const];
  });
  return { ...headers, ...Object.fromEntries(renamed) };
}
