import { expect, test } from 'vitest';
import { withPlainLimits } from '../../src/provider/adapters/anthropic-limits.ts';

test('limits of Anthropic also get the header names of OpenAI, and all other headers stay', () => {
  const headers = {
    'retry-after': '7',
    'anthropic-ratelimit-requests-remaining': '3',
    'anthropic-ratelimit-tokens-reset': '2026-11-01T00:01:00Z',
    'anthropic-ratelimit-input-tokens-remaining': '9',
  };

  expect(withPlainLimits(headers)).toEqual({
    ...headers,
    'x-ratelimit-remaining-requests': '3',
    'x-ratelimit-reset-tokens': '2026-11-01T00:01:00Z',
  });
});
