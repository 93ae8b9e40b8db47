import { expect, test } from 'vitest';
import { isEndless } from '../../../../src/collect/round/files/endless-file.ts';

const LONGEST = 1_000;
const at = (bytes: number, lines: number, offset: number): Parameters<typeof isEndless>[0] => ({
  bytes,
  position: { lines, offset },
});

test.each([
  ['has a line for each row', at(5_000, 9, 5_000), false],
  ['is as long as nine of the longest lines', at(9_000, 8, 8_000), false],
  ['has the lines of a batch of 100,000 other rows', at(1, 100_000, 1), false],
  ['has many more lines than rows', at(6_500_000, 101_000, 6_500_000), true, 1e6],
  ['has each number of its vectors on a line', at(3_000_000, 200_000, 3_000_000), false, 1e6],
  ['has line ends without end', at(281_000, 281_000, 281_000), true, 1e6],
  ['has a line that is longer than any that is read', at(1_900, 0, 0), false],
  ['has a line that goes on and on', at(2_100, 0, 0), true],
  ['has more bytes than its rows could have', at(11_100, 9, 11_000), true],
])('a file of nine rows that %s', (_what, progress, expected, longest = LONGEST) => {
  expect(isEndless(progress, 9, longest)).toBe(expected);
});
