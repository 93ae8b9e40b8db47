import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReusedLine } from '../../src/fast-path/reused-line.ts';
import type { Splice } from '../../src/fast-path/shapes/splice.ts';

const SPLICES = [
  splice(['{"custom_id":"', '","body":{"text":"', '"}}\n'], [0, 1]),
  splice(['{"custom_id":"', '","body":{"model":"a","text":"', '","user":"', '"}}\n'], [0, 1, 0]),
  splice(['', '', ' and ', ''], [1, 0, 1]),
];

test('each line of a sequence is its literals with its slots between them, whatever lines came before', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 40 }),
    // Longer than the memory that a line has at first.
    fc
      .tuple(fc.constantFrom('x', 'é'), fc.constantFrom(33, 500, 70_000))
      .map(([unit, size]) => unit.repeat(size)),
  );
  const row = fc.record({ of: fc.constantFrom(...SPLICES), texts: fc.tuple(text, text) });
  fc.assert(
    fc.property(fc.array(row, { minLength: 2, maxLength: 12 }), (rows) => {
      const line = new ReusedLine();
      for (const { of, texts } of rows) {
        const { source, spans } = sourceOf(texts);
        const length = line.splice(of, source, spans);
        const expected = of.literals.map(
          (literal, n) => `${literal.toString()}${texts[of.slots[n] ?? 2] ?? ''}`,
        );
        expect(line.view(length).equals(Buffer.from(expected.join('')))).toBe(true);
      }
    }),
  );
});

test('a line is complete again after other code has written to its memory', () => {
  const line = new ReusedLine();
  const { source, spans } = sourceOf(['7', 'herring']);
  const [first] = SPLICES;
  const write = (): string => line.view(line.splice(first as Splice, source, spans)).toString();
  const before = write();
  line.room(100).fill(0, 0, 100);
  expect(write()).toBe(before);
});

function splice(literals: readonly string[], slots: readonly number[]): Splice {
  const bytes = literals.map((literal) => Buffer.from(literal));
  return { literals: bytes, slots, literalBytes: bytes.reduce((sum, { length }) => sum + length, 0) };
}

/** A row that contains the texts, and their positions in it. */
function sourceOf(texts: readonly [string, string]): { source: Buffer; spans: number[] } {
  const [first, second] = texts.map((text) => Buffer.byteLength(text)) as [number, number];
  return {
    source: Buffer.from(`"${texts.join('|')}"`),
    spans: [1, 1 + first, 2 + first, 2 + first + second],
  };
}
