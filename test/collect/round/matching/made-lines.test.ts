import { expect, test } from 'vitest';
import { MadeLines } from '../../../../src/collect/round/matching/made-lines.ts';
import { NO_USAGE } from '../../../../src/spending/usage.ts';

const lineOf = (length: number, byte: number) => ({
  line: Buffer.alloc(length, byte),
  model: 'm',
  end: undefined,
  usage: NO_USAGE,
});

test('kept lines are copies, up to 24 MiB, and are freed with the round', () => {
  const made = new MadeLines();
  const reused = lineOf(4_000, 1);
  const first = made.keep(reused);
  reused.line.fill(2);
  let count = 1;
  while (made.hasRoom(4_000)) {
    made.keep(reused);
    count += 1;
  }

  const kept = made.read(first);
  expect(kept).toEqual(lineOf(4_000, 1));
  expect(made.hasRoom(1)).toBe(false);
  expect(count * 4_000).toBeGreaterThan(19 * 1_048_576);
  expect(count * 4_000).toBeLessThanOrEqual(24 * 1_048_576);
  made[Symbol.dispose]();
  expect(kept.line.length).toBe(0);
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
