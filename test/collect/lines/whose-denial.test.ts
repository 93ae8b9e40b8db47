import { expect, test } from 'vitest';
import { whoseDenial } from '../../../src/collect/lines/whose-denial.ts';

const CODES = { retriable: [], permanent: [], halting: ['quota_*'] };

test.each([
  ['account', 'quota_used', 'm', 403],
  ['account', 'quota_used', 'content policy', 403],
  ['account', 'other', 'm', 200],
  ['unclear', 'HTTP_401', 'm', 401],
  ['unclear', 'HTTP_402', 'm', 402],
  ['unclear', 'HTTP_403', 'm', 403],
  ['row', 'HTTP_403', 'The prompt was flagged.', 403],
  ['row', 'content_filter', 'm', 403],
] as const)('a denial concerns the %s: %s, "%s", %i', (whose, code, message, status) => {
  expect(whoseDenial({ kind: 'halting', code, message, status }, CODES)).toBe(whose);
});
