import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SpanNotes } from '../../src/fast-path/span-notes.ts';

test('every note is read as it was kept, in any order', () => {
  const uses = Array.from({ length: 65 }, (_, slotCount) => ({ slotCount }));
  const kept = fc.array(fc.record({ use: fc.constantFrom(...uses), from: fc.nat() }), {
    minLength: 1,
    maxLength: 3_000,
    size: 'max',
  });
  fc.assert(
    fc.property(kept, fc.nat(), (lines, start) => {
      const notes = new SpanNotes<(typeof uses)[number]>();
      const noted = lines.map(({ use, from }) => {
        const spans = Array.from({ length: 2 * use.slotCount }, (_, n) => (from + n) % 2 ** 31);
        return { use, spans, note: notes.keep(use, spans) };
      });
      const order = noted.map((_, n) => noted[(start + n * 7) % noted.length] ?? fail());
      const found = order.map(({ note }) => {
        const { use, spans } = notes.read(note ?? fail());
        return { use, spans: Array.from(spans).slice(0, 2 * use.slotCount) };
      });
      expect(found).toEqual(order.map(({ use, spans }) => ({ use, spans })));
    }),
    { numRuns: 5 },
  );
});

test('the memory for notes is limited, and earlier notes stay readable', () => {
  const notes = new SpanNotes<{ readonly slotCount: number }>();
  const use = { slotCount: 64 };
  const spans = Array.from({ length: 128 }, (_, n) => n);
  const first = notes.keep(use, spans);
  let count = 1;
  while (notes.keep(use, spans) !== undefined) count += 1;

  expect(count * 129 * 4).toBeLessThanOrEqual(8 * 1_048_576);
  expect(count * 129 * 4).toBeGreaterThan(7.9 * 1_048_576);
  expect(notes.keep({ slotCount: 0 }, [])).toBeUndefined();
  expect(Array.from(notes.read(first ?? -1).spans)).toEqual(spans);
});

function fail(): never {
  throw new Error('There is no note.');
}
