import { expect, test } from 'vitest';
import { Attempts } from '../../host/retry-notice.ts';

const RETRY = [
  { ErrorEquals: ['Slow'], IntervalSeconds: 5, BackoffRate: 2, MaxAttempts: 3, MaxDelaySeconds: 12 },
  { ErrorEquals: ['States.ALL'], MaxAttempts: 1 },
];

test('the notice of a failure has the number of the attempt and the latest time of the next one', () => {
  const attempts = new Attempts({ Upload: { Retry: RETRY } });

  expect([1, 2, 3, 4].map(() => attempts.failed('Upload', 'Slow'))).toEqual([
    { attempt: 1, attempts: 4, withinSeconds: 5 },
    { attempt: 2, attempts: 4, withinSeconds: 10 },
    { attempt: 3, attempts: 4, withinSeconds: 12 },
    undefined,
  ]);
});

test('attempts are counted for each error, and from zero when the state is entered again', () => {
  const attempts = new Attempts({ Upload: { Retry: RETRY }, Write: {} });

  expect(attempts.failed('Upload', 'Slow')?.attempt).toBe(1);
  expect(attempts.failed('Upload', 'Other')).toEqual({ attempt: 1, attempts: 2, withinSeconds: 1 });
  attempts.left('Upload');
  expect(attempts.failed('Upload', 'Slow')?.attempt).toBe(1);
  expect(attempts.failed('Write', 'Slow')).toBeUndefined();
});
