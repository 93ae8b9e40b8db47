import type { DirectAnswer } from '../batch-provider.ts';

/**
 * Anthropic's rate limit headers, also under the names that OpenAI gave them: `anthropic-ratelimit-requests-remaining`
 * says what `x-ratelimit-remaining-requests` says. A reset is a time there.
 */
export function withPlainLimits(headers: DirectAnswer['headers']): DirectAnswer['headers'] {
  const renamed = Object.entries(headers).flatMap(([name, value]) => {
    const [, what, which] = /^anthropic-ratelimit-(requests|tokens)-(remaining|reset)$/.exec(name) ?? [];
    return what === undefined ? [] : [[`x-ratelimit-${which}-${what}`, value] as const];
  });
  return { ...headers, ...Object.fromEntries(renamed) };
}
