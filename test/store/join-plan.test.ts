import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { planJoin, type JoinPart, type Piece } from '../../src/store/join-plan.ts';

const LIMITS = { minPartBytes: 5, maxCopyBytes: 20 };

const piecesOf = (part: JoinPart): readonly Piece[] => (part.kind === 'copy' ? [part.piece] : part.pieces);
const bytesOf = (part: JoinPart): number =>
  piecesOf(part).reduce((sum, { start, end }) => sum + end - start, 0);

test.each([
  { sizes: [], parts: [] },
  { sizes: [0, 0], parts: [] },
  { sizes: [3, 1], parts: ['gather 0:0-3 1:0-1'] },
  { sizes: [3, 4, 2], parts: ['gather 0:0-3 1:0-4', 'gather 2:0-2'] },
  { sizes: [7, 5], parts: ['copy 0:0-7', 'copy 1:0-5'] },
  { sizes: [2, 9], parts: ['gather 0:0-2 1:0-3', 'copy 1:3-9'] },
  { sizes: [2, 7], parts: ['gather 0:0-2 1:0-3', 'gather 1:3-7'] },
  { sizes: [41], parts: ['copy 0:0-14', 'copy 0:14-28', 'copy 0:28-41'] },
])('sources of $sizes bytes are joined as $parts', ({ sizes, parts }) => {
  const plan = planJoin(sizes, LIMITS).map((part) =>
    [part.kind, ...piecesOf(part).map(({ source, start, end }) => `${source}:${start}-${end}`)].join(' '),
  );

  expect(plan).toEqual(parts);
});

test('every plan joins every byte once and in order, within the limits of a part', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(70), { maxLength: 40 }), (sizes) => {
      const parts = planJoin(sizes, LIMITS);

      const joined = parts.flatMap(piecesOf).flatMap(bytesOfPiece);
      expect(joined).toEqual(sizes.flatMap((size, source) => bytesOfPiece({ source, start: 0, end: size })));
      for (const part of parts.slice(0, -1)) expect(bytesOf(part)).toBeGreaterThanOrEqual(5);
      for (const part of parts) expect(bytesOf(part)).toBeLessThanOrEqual(part.kind === 'copy' ? 20 : 9);
    }),
  );
});

test('ten thousand sources of at most one copy each need no more parts than S3 allows', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20), { minLength: 1, maxLength: 60 }), (sizes) => {
      expect(planJoin(sizes, LIMITS).length).toBeLessThanOrEqual(sizes.length);
    }),
  );
});

function bytesOfPiece({ source, start, end }: Piece): string[] {
  return Array.from({ length: end - start }, (_, index) => `${source}:${start + index}`);
}
