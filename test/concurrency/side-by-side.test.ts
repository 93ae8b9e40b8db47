import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { sideBySide } from '../../src/concurrency/side-by-side.ts';

test('all items run, never more at the same time than the limit, and results keep the order', async () => {
  let running = 0;
  let most = 0;

  const results = await sideBySide(
    [5, 1, 4, 2, 3, 0],
    async (turns, index) => {
      running += 1;
      most = Math.max(most, running);
      for (let left = turns; left > 0; left -= 1) await turn();
      running -= 1;
      return `${index}:${turns}`;
    },
    2,
  );

  expect(results).toEqual(['0:5', '1:1', '2:4', '3:2', '4:3', '5:0']);
  expect(most).toBe(2);
});

test('after a failure nothing new starts, and running items end before the error is thrown', async () => {
  const ended: number[] = [];

  const mapping = sideBySide(
    [0, 1, 2, 3],
    async (item) => {
      if (item === 0) throw new Error('no');
      await turn();
      ended.push(item);
    },
    2,
  );

  await expect(mapping).rejects.toThrow('no');
  expect(ended).toEqual([1]);
});
