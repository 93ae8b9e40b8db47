import { expect, test } from 'vitest';
import { duration } from '../../src/text/duration.ts';

test.each([
  [0, '0s'],
  [0.499, '0s'],
  [4, '4s'],
  [59.6, '1m'],
  [125, '2m 5s'],
  [3_600, '1h'],
  [3_725, '1h 2m'],
  [90_061, '1d 1h'],
  [86_400 * 400, '400d'],
])('%s seconds are written as %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
