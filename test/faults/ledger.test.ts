import { describe, expect, test } from 'vitest';
import type { Summary } from '../../src/checkpoints/summary.ts';
import type { Misbehaviour } from '../doubles/ledger-misbehaviour.ts';
import { openLedgerWorld, type LedgerWorld, type LedgerWorldOptions } from '../doubles/ledger-world.ts';
import { tableOf } from '../support/exhaustive.ts';

/** Faults of the provider. */
interface Scenario extends LedgerWorldOptions {
  readonly what: string;
  /** How often a row may be paid for. Default: once. */
  readonly bound?: number;
  /** The job stops and reports what is open. It succeeds when it is resumed at a provider without faults. */
  readonly stops?: true;
}

const HOUR = 3_600;

const lost: readonly Scenario[] = [
  0, 302, 400, 401, 403, 404, 405, 409, 410, 413, 418, 422, 429, 451, 500, 501, 503, 520, 530,
].map((status) => ({
  what: `a create whose batch exists is answered with ${status === 0 ? 'a broken connection' : status}`,
  misbehaviour: { lostCreates: [status] },
}));

const lagging: readonly Scenario[] = [400, 409, 429, 503].map((status) => ({
  what: `a create whose batch exists is answered with ${status}, and the list lags 20 s behind`,
  misbehaviour: { lostCreates: [status], listLagSeconds: 20 },
}));

/** An HTML page instead of JSON shows that a proxy answered, not the provider. */
const proxied: readonly Scenario[] = [400, 405, 413, 501].map((status) => ({
  what: `a create whose batch exists is answered with a proxy's page and ${status}, and the list lags two minutes behind`,
  misbehaviour: { lostCreates: [status], proxyPages: true, listLagSeconds: 120 },
}));

const SHOWN: readonly NonNullable<Misbehaviour['metadata']>[] = [
  'upper case',
  'truncated',
  'renamed',
  'merged',
  'none',
];

const lists: readonly Scenario[] = [
  ...SHOWN.map((metadata) => ({
    what: `a lost create, and metadata that is shown ${metadata}`,
    misbehaviour: { lostCreates: [502], metadata },
  })),
  ...(['upper case', 'renamed', 'merged', 'text', 'pairs', 'nested'] as const).map((metadata) => ({
    what: `a lost create, and a list without input files that shows metadata ${metadata}`,
    misbehaviour: { lostCreates: [502], metadata, hidesInputFile: true },
  })),
  {
    what: 'a lost create, and empty pages that say that there are more',
    misbehaviour: { lostCreates: [502], emptyPages: 2 },
  },
  {
    what: 'a lost create, and a cancelled twin that is listed first',
    misbehaviour: { lostCreates: [409], cancelledTwin: true },
  },
  {
    what: 'a lost create, and pages that stay empty',
    misbehaviour: { lostCreates: [502], emptyPages: 10_000 },
    stops: true,
  },
  {
    what: 'a lost create, and no list',
    misbehaviour: { lostCreates: [503], listStatus: 404 },
    stops: true,
  },
];

const polls: readonly Scenario[] = [
  {
    what: 'a batch that is not found by its id for twenty minutes, and is listed',
    misbehaviour: { notFound: { from: 0, to: 1_200, listed: true } },
  },
  ...[400, 405, 410].map((status) => ({
    what: `a batch whose polls are refused with ${status} for twenty minutes, and that is listed`,
    misbehaviour: { notFound: { from: 0, to: 1_200, listed: true, status } },
  })),
  {
    what: 'a batch that is never found by its id, and is listed',
    misbehaviour: { notFound: { from: 0, to: Infinity, listed: true } },
  },
  {
    what: 'a batch that is found nowhere for ten minutes',
    misbehaviour: { notFound: { from: 0, to: 600, listed: false } },
  },
  {
    what: 'a batch that is gone for good',
    misbehaviour: { notFound: { from: 0, to: Infinity, listed: false, onlyFirst: true } },
    bound: 2,
  },
  {
    what: 'a batch that is not found by its id, and no list',
    misbehaviour: { notFound: { from: 0, to: 10 * HOUR, listed: true }, listStatus: 405 },
    stops: true,
  },
  {
    what: 'an answer to a poll that drips',
    misbehaviour: { drip: { call: 'get', everyMs: 5 } },
    totalMs: 60,
    stops: true,
  },
];

const clocks: readonly Scenario[] = [9, -9, 30, -30].flatMap((hours) =>
  [false, true].map((zonelessTimes) => ({
    what: `a provider whose clock is ${hours} h off${zonelessTimes ? ', with times without a zone' : ''}`,
    runSeconds: 20 * HOUR,
    misbehaviour: { clockAheadSeconds: hours * HOUR, zonelessTimes },
  })),
);

/** Ids of open batches that the summary does not report. */
function unreported({ ledger }: LedgerWorld, summary: Summary | undefined): string[] {
  const told = JSON.stringify(summary ?? {});
  return ledger.openBatches().filter((id) => !told.includes(id));
}

function paidTooOften({ ledger }: LedgerWorld, bound: number): string[] {
  return [...ledger.paidRows()].flatMap(([id, times]) => (times > bound ? [`${id}: ${times} times`] : []));
}

const TABLE = [...lost, ...lagging, ...proxied, ...lists, ...polls, ...clocks];

tableOf(TABLE, 8).describe('$what', ({ what: _what, bound = 1, stops, ...options }) => {
  test('pays for no row too often, reports every open batch, and brings every answer', async () => {
    const world = await openLedgerWorld(options);

    let summary = await world.run();
    expect(unreported(world, summary)).toEqual([]);
    if (stops === true) {
      expect(summary?.status).toBe('failed');
      for (const name of Object.keys(world.ledger.misbehaviour))
        delete world.ledger.misbehaviour[name as keyof Misbehaviour];
    }
    // Some faults stop the job, for example a denied account: it is resumed as its operator would.
    if (summary?.status !== 'succeeded') summary = await world.run();

    expect(paidTooOften(world, bound)).toEqual([]);
    expect(unreported(world, summary)).toEqual([]);
    expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 6 } });
  });
});

describe('a create that the provider really rejects', () => {
  test.each([400, 409, 422, 501])('with %i fails its rows, and nothing is paid', async (status) => {
    const world = await openLedgerWorld({ misbehaviour: { refusedCreates: [status] } });

    expect(await world.run()).toMatchObject({ status: 'partial', counts: { failed: 6 } });
    expect(world.ledger.batches()).toEqual([]);
  });
});

describe('a create that a proxy answers with a page', () => {
  test('is made again after the list has not shown its batch for long enough', async () => {
    const world = await openLedgerWorld({
      misbehaviour: { refusedCreates: [400, 405], proxyPages: true },
    });

    expect(await world.run()).toMatchObject({ status: 'succeeded', counts: { ok: 6 } });
    expect(world.ledger.batches()).toHaveLength(1);
  });

  test('again and again fails no row: the shard stops, and a resume continues', async () => {
    const world = await openLedgerWorld({
      misbehaviour: { refusedCreates: Array.from({ length: 500 }, () => 405), proxyPages: true },
    });

    expect(await world.run()).toMatchObject({
      status: 'failed',
      counts: { failed: 0, exhausted: 6 },
      failure: { name: 'ProviderUnavailable', message: expect.stringContaining('Request rejected') },
    });

    delete world.ledger.misbehaviour.refusedCreates;
    expect(await world.run()).toMatchObject({ status: 'succeeded', counts: { ok: 6 } });
    expect(world.ledger.batches()).toHaveLength(1);
  });
});

test('a job that is run again in an empty data folder uses other idempotency keys', async () => {
  const first = await openLedgerWorld({ dialect: 'ogx' });
  expect(await first.run()).toMatchObject({ status: 'succeeded' });

  const second = await openLedgerWorld({ dialect: 'ogx', at: first });

  expect(await second.run()).toMatchObject({ status: 'succeeded', counts: { ok: 6 } });
  expect(paidTooOften(second, 2)).toEqual([]);
});

describe('a cancel', () => {
  const LONG = { runSeconds: 10 * HOUR };

  tableOf(
    [
      [500, 30],
      [503, 3],
      [409, 30],
      [405, 12],
      [403, 30],
      [404, 9],
    ],
    2,
  ).test('that is answered with %i %i times still ends the batch', async (status, times) => {
    const world = await openLedgerWorld({ ...LONG, misbehaviour: { failedCancels: { status, times } } });

    const summary = await world.runAndCancel();

    expect(summary?.status).toBe('cancelled');
    expect(world.ledger.openBatches()).toEqual([]);
    expect(world.ledger.batches()).toMatchObject([{ cancelledAt: expect.any(Number) as number }]);
  });

  test('that never succeeds waits for the end of the batch and keeps its answers', async () => {
    const failedCancels = { status: 500, times: Infinity };
    const world = await openLedgerWorld({ ...LONG, misbehaviour: { failedCancels } });

    const summary = await world.runAndCancel();

    expect(summary).toMatchObject({ counts: { ok: 6 } });
    expect(world.ledger.openBatches()).toEqual([]);
  });

  tableOf<[string, Misbehaviour]>(
    [
      ['is refused for ever', { failedCancels: { status: 500, times: Infinity } }],
      ['is taken and ignored', { ignoresCancels: true }],
    ],
    1,
  ).test('of a batch that never ends names the batch and may be repeated: it %s', async (_how, wrong) => {
    const world = await openLedgerWorld({ misbehaviour: { neverEnds: true, ...wrong } });

    const first = await world.runAndCancel();
    expect(first?.status).toBe('cancelled');
    expect(world.ledger.openBatches()).toHaveLength(1);
    expect(unreported(world, first)).toEqual([]);

    delete world.ledger.misbehaviour.failedCancels;
    world.ledger.misbehaviour.ignoresCancels = false;
    const second = await world.cancel();
    expect(second?.status).toBe('cancelled');
    expect(world.ledger.openBatches()).toEqual([]);
    expect(paidTooOften(world, 1)).toEqual([]);
  });
});

describe('rows that are sent directly', () => {
  const IDS = Array.from({ length: 20 }, (_, n) => `q${n + 10}`);

  tableOf([500, 429], 1).test('are answered although twenty of them always answer %i', async (status) => {
    const world = await openLedgerWorld({
      rows: 100,
      profile: { small: 'direct', smallRows: 100, rounds: 1 },
      misbehaviour: { failingPrompts: IDS.map((text) => ({ text, status })) },
    });

    const summary = await world.run();

    expect(paidTooOften(world, 1)).toEqual([]);
    expect(summary?.counts).toMatchObject({ ok: 80 });
    expect(world.ledger.paidRows().size).toBe(80);
  });
});
