import { describe, expect, test } from 'vitest';
import type { Summary } from '../../src/checkpoints/summary.ts';
import type { Misbehaviour } from '../doubles/ledger-misbehaviour.ts';
import { openLedgerWorld, type LedgerWorld, type LedgerWorldOptions } from '../doubles/ledger-world.ts';
import { EXHAUSTIVE } from '../support/exhaustive.ts';

/** Ways in which a provider has two batches of the same rows. */
interface Scenario extends LedgerWorldOptions {
  readonly what: string;
  readonly misbehaviour: Misbehaviour;
}

const HOUR = 3_600;
const LONG = { runSeconds: 5 * HOUR };

const TABLE: readonly Scenario[] = [
  {
    what: 'a lost create makes two batches that run',
    ...LONG,
    misbehaviour: { lostCreates: [503], twin: {} },
  },
  {
    what: 'a refused create makes two batches that run',
    ...LONG,
    misbehaviour: { lostCreates: [409], twin: {} },
  },
  {
    what: 'a lost create is made again because the list lags five minutes behind',
    ...LONG,
    misbehaviour: { lostCreates: [502], listLagSeconds: 300 },
  },
  {
    what: 'the twin’s cancel fails a few times',
    ...LONG,
    misbehaviour: { lostCreates: [503], twin: {}, failedCancels: { status: 500, times: 7 } },
  },
  {
    what: 'a batch that was given up as gone comes back',
    ...LONG,
    misbehaviour: { notFound: { from: 0, to: 7_200, listed: false, onlyFirst: true } },
  },
];

function unreported({ ledger }: LedgerWorld, summary: Summary | undefined): string[] {
  const told = JSON.stringify(summary?.open ?? []);
  return ledger.openBatches().filter((id) => !told.includes(id));
}

describe.each(TABLE)('$what', ({ what: _what, ...options }) => {
  test('cancels the second batch, keeps every answer, and makes no further one', async () => {
    const world = await openLedgerWorld(options);

    const summary = await world.run();

    expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 6 }, open: [] });
    expect(world.ledger.batches()).toHaveLength(2);
    expect(world.ledger.openBatches()).toEqual([]);
    expect(world.ledger.batches().filter(({ cancelledAt }) => cancelledAt !== undefined)).toHaveLength(1);
  });
});

test('a twin that cannot be cancelled is reported as open beside the results', EXHAUSTIVE, async () => {
  const world = await openLedgerWorld({
    misbehaviour: {
      lostCreates: [503],
      neverEnds: true,
      // The newest batch is listed first, and the job polls that one.
      twin: { runSeconds: HOUR },
      ignoresCancels: true,
    },
  });

  const summary = await world.run();

  expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 6 } });
  expect(summary?.open).toMatchObject([{ batchId: 'batch-000002', status: 'in_progress' }]);
  expect(unreported(world, summary)).toEqual([]);
  expect(world.ledger.batches()).toHaveLength(2);
});

test('a lost create whose repetition is rejected leaves batches that the next round cancels', async () => {
  const world = await openLedgerWorld({
    ...LONG,
    misbehaviour: { lostCreates: [502, 413], listLagSeconds: 400 },
  });

  const summary = await world.run();

  expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 6 }, open: [] });
  expect(world.ledger.openBatches()).toEqual([]);
  expect(world.ledger.batches().map(({ cancelledAt }) => cancelledAt !== undefined)).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test('a cancel of an ended job cancels a twin that is still running, and keeps the results', async () => {
  const world = await openLedgerWorld({
    misbehaviour: {
      lostCreates: [503],
      neverEnds: true,
      twin: { runSeconds: HOUR },
      ignoresCancels: true,
    },
  });
  const before = await world.run();
  expect(before).toMatchObject({ status: 'succeeded', open: [{ batchId: 'batch-000002' }] });

  // The provider still ignores the cancel.
  expect(await world.cancel()).toEqual(before);
  world.ledger.misbehaviour.ignoresCancels = false;
  const after = await world.cancel();

  expect(after).toEqual({ ...before, open: [] });
  expect(world.ledger.openBatches()).toEqual([]);
  expect(world.ledger.batches()).toHaveLength(2);
  expect(await world.cancel()).toEqual(after);
});

describe('a batch that ends without all its answers', () => {
  test.each(['expired', 'cancelled'] as const)(
    'and %s leaves them to its twin, which has ended',
    async (as) => {
      const world = await openLedgerWorld({
        runSeconds: 10,
        misbehaviour: {
          lostCreates: [503],
          listLagSeconds: 20,
          twin: { runSeconds: 2 * HOUR, endsEarly: { as, finished: 2 } },
        },
      });

      const summary = await world.run();

      expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 6 }, rounds: 1, open: [] });
      expect(world.ledger.batches()).toHaveLength(2);
    },
  );

  test('waits for them from its twin, which still runs', async () => {
    const world = await openLedgerWorld({
      runSeconds: 4 * HOUR,
      misbehaviour: {
        lostCreates: [503],
        listLagSeconds: 400,
        endsEarly: { as: 'expired', finished: 0, after: 1, runSeconds: 20 },
      },
    });

    const summary = await world.run();

    expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 6 }, rounds: 1, open: [] });
    expect(world.ledger.batches()).toHaveLength(2);
    expect(Math.max(...world.ledger.paidRows().values())).toBe(1);
  });

  test('takes them from a batch that was given up as gone and came back', async () => {
    const world = await openLedgerWorld({
      runSeconds: HOUR,
      misbehaviour: {
        notFound: { from: 0, to: 5_000, listed: false, onlyFirst: true },
        endsEarly: { as: 'expired', finished: 0, after: 1 },
      },
    });

    const summary = await world.run();

    expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 6 }, rounds: 2, open: [] });
    expect(world.ledger.batches()).toHaveLength(2);
  });
});
