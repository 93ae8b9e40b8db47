import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Reservation, Spending } from '../../src/checkpoints/ledger.ts';
import { committed, weigh, withReservation, withSpent } from '../../src/spending/reserve.ts';

const MAX = 100;

/** Events of shards: a shard reserves money, reports its cost, or leaves its batch open. */
const events = fc.array(
  fc.record({
    kind: fc.constantFrom('ask', 'report', 'leave open'),
    name: fc.constantFrom('0-1', '1-1', '2-1', '3-1', '3-2'),
    amount: fc.integer({ min: 0, max: 60 }),
  }),
  { maxLength: 40 },
);

function play(
  spending: Spending,
  { kind, name, amount }: { kind: string; name: string; amount: number },
): Spending {
  const known = spending.open[name];
  if (kind === 'ask')
    return known === undefined && weigh(spending, amount, MAX) === 'reserved'
      ? withReservation(spending, name, { amount })
      : spending;
  if (known === undefined) return spending;
  if (kind === 'leave open') return withReservation(spending, name, { ...known, held: true });
  // The cost of a round is at most its reservation.
  return withSpent(spending, name, Math.min(amount, known.amount));
}

describe('a budget', () => {
  test('is never exceeded, in any order in which shards ask, report and leave batches open', () => {
    fc.assert(
      fc.property(events, (all) => {
        let spending: Spending = { spent: 0, open: {} };
        for (const event of all) {
          spending = play(spending, event);
          expect(committed(spending).total).toBeLessThanOrEqual(MAX);
        }
      }),
    );
  });

  test.each<[string, Readonly<Record<string, Reservation>>, number, string]>([
    ['fits', { a: { amount: 30 } }, 20, 'reserved'],
    ['fits exactly', { a: { amount: 30 } }, 30, 'reserved'],
    ['fits once another round costs less than it may', { a: { amount: 30 } }, 31, 'wait'],
    ['does not fit whatever the others cost', {}, 61, 'over'],
    ['does not fit beside a batch that was left open', { a: { amount: 30, held: true } }, 31, 'over'],
  ])('an amount that %s', (_name, open, amount, verdict) => {
    expect(weigh({ spent: 40, open }, amount, MAX)).toBe(verdict);
  });

  test('adds up to the cent', () => {
    let spending: Spending = { spent: 0, open: {} };
    for (const name of ['a', 'b', 'c'])
      spending = withSpent(withReservation(spending, name, { amount: 1 }), name, 0.1);

    expect(spending).toEqual({ spent: 0.3, open: {} });
  });
});
