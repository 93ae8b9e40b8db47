import fc from 'fast-check';
import { expect, test } from 'vitest';
import { objectOf, rangeOf, type Segment } from '../../bench/servers/s3-objects.ts';

/** One entry per byte of the segments: its file and its position. */
const bytesOf = (segments: readonly Segment[]): string[] =>
  segments.flatMap(({ file, start, end }) =>
    Array.from({ length: end - start }, (_, n) => `${file}${start + n}`),
  );

test('a range of an object is the range of its bytes', () => {
  const segment = fc
    .tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(9), fc.nat(9))
    .map(([file, start, length]) => ({ file, start, end: start + length }));
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 6 }), fc.nat(40), fc.nat(40), (segments, start, length) => {
      const object = objectOf(segments);
      const all = bytesOf(segments);

      expect(object.bytes).toBe(all.length);
      expect(bytesOf(rangeOf(object, start, start + length))).toEqual(all.slice(start, start + length));
    }),
  );
});
