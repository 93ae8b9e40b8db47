import { expect, test } from 'vitest';
import { MadeLines } from '../../../../src/collect/round/matching/made-lines.ts';
import { NO_USAGE } from '../../../../src/spending/usage.ts';

const lineOf = (length: number, byte: number) => ({
  line: Buffer.alloc(length, byte),
  model: 'm',
  end: undefined,
  usage: NO_USAGE,
});

/** Keeps copies of a line until there is no more room; returns their count. */
function fill(made: MadeLines, line: ReturnType<typeof lineOf>): number {
  let count = 0;
  for (; made.hasRoom(line.line.length); count += 1) made.keep(line);
  return count;
}

test('kept lines are copies, up to 64 MiB', () => {
  using made = new MadeLines();
  const reused = lineOf(4_000, 1);
  const first = made.keep(reused);
  reused.line.fill(2);
  const count = 1 + fill(made, reused);

  expect(made.read(first)).toEqual(lineOf(4_000, 1));
  expect(made.hasRoom(1)).toBe(false);
  expect(count * 4_000).toBeGreaterThan(59 * 1_048_576);
  expect(count * 4_000).toBeLessThanOrEqual(64 * 1_048_576);
});

test('rounds one after the other use the same memory, and rounds at the same time do not', () => {
  const first = new MadeLines();
  fill(first, lineOf(4_000, 1));
  const { line } = first.read(0);
  first[Symbol.dispose]();
  using second = new MadeLines();
  using third = new MadeLines();
  const numbers = [second.keep(lineOf(3_000, 2)), third.keep(lineOf(3_000, 3))];

  expect(first.hasRoom(1)).toBe(false);
  const memories = [second, third].map((made, n) => made.read(numbers[n] ?? 0));
  expect(memories).toEqual([lineOf(3_000, 2), lineOf(3_000, 3)]);
  expect(memories[0]?.line.buffer).not.toBe(memories[1]?.line.buffer);
  fill(second, lineOf(4_000, 2));
  expect([...line.subarray(0, 2)]).not.toEqual([1, 1]);
});

test('long lines are not kept, because finding a line on disk takes the same time for any length', () => {
  const made = new MadeLines();

  expect(made.hasRoom(4_096)).toBe(true);
  expect(made.hasRoom(4_097)).toBe(false);
});

test('a kept line has its own model, end and usage', () => {
  const made = new MadeLines();
  const lines = Array.from({ length: 3_000 }, (_, n) => ({
    line: Buffer.from(`line ${n}`),
    model: n % 7 === 0 ? undefined : `m${n % 3}`,
    end: n % 5 === 0 ? ('truncated' as const) : undefined,
    usage: { inputTokens: n, outputTokens: 2 * n, energy: n / 10, credits: n / 3 },
  }));

  const numbers = lines.map((line) => made.keep(line));

  expect(numbers.map((number) => made.read(number))).toEqual(lines);
});
