import { expect, test } from 'vitest';
import { openStepTime } from '../../src/runtime/step-time.ts';

test('a call has no time limit where neither the Lambda nor STEP_SECONDS sets one', () => {
  expect(openStepTime({}, undefined)).toBeUndefined();
  expect(openStepTime({ STEP_SECONDS: 'soon' }, {})).toBeUndefined();
});

test('the time of a Lambda is short, and then over, before the Lambda is ended', () => {
  let left = 900_000;
  const time = openStepTime({ STEP_SECONDS: '1' }, { getRemainingTimeInMillis: () => left });
  const states = [900_000, 770_000, 760_000, 181_000, 179_000, 46_000, 44_000].map((remaining) => {
    left = remaining;
    return [time?.isLate?.(), time?.isShort(), time?.isOver()];
  });

  expect(states).toEqual([
    [false, false, false],
    [false, false, false],
    [true, false, false],
    [true, false, false],
    [true, true, false],
    [true, true, false],
    [true, true, true],
  ]);
});

test('STEP_SECONDS says when a call saves its progress, and never fails work that cannot be divided', () => {
  const [long, short] = ['1000', '0.000001'].map((seconds) =>
    openStepTime({ STEP_SECONDS: seconds }, undefined),
  );

  expect([long?.isShort(), long?.isOver()]).toEqual([false, false]);
  expect([short?.isShort(), short?.isOver()]).toEqual([true, false]);
});
