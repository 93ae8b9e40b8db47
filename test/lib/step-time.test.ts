import { expect, test } from 'vitest';
import { STEPS } from '../../lib/step-table.ts';
import { profileSchema } from '../../src/profiles/profile-schema.ts';
import { SECONDS } from '../../src/cost/step-seconds.ts';

/** The largest file of requests that a profile may set. */
const REQUEST_BYTES = 10_000_000_000;

/** Share of the rows that a call writes even if its time is short, and share of its time after which it fails. */
const [LEAST_SHARE, OVER] = [1 / 16, 0.95];

test('no profile asks for larger files of requests than one call of Collect results can read', () => {
  const withBytes = (maxBytes: number): boolean =>
    profileSchema.safeParse({ provider: 'p', shardLimits: { maxBytes } }).success;

  expect([withBytes(REQUEST_BYTES), withBytes(REQUEST_BYTES + 1)]).toEqual([true, false]);
});

test('a call of Collect results reads the largest round and writes its share of the rows within its time', () => {
  const { timeoutMinutes, scratchGib } = STEPS['collect-results'];
  const answerBytes = scratchGib * 2 ** 30;
  // The call reads the requests and the provider's files once, then reads a share of them and writes results as large as the answers.
  const read = REQUEST_BYTES + answerBytes;
  const bytes = read + LEAST_SHARE * (read + answerBytes);

  expect(bytes * SECONDS['upload-file'].perByte).toBeLessThan(OVER * timeoutMinutes * 60);
});
