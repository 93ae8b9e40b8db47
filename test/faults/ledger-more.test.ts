import { describe, expect, test } from 'vitest';
import type { Summary } from '../../src/checkpoints/summary.ts';
import type { Misbehaviour } from '../doubles/ledger-misbehaviour.ts';
import { openLedgerWorld, type LedgerWorld, type LedgerWorldOptions } from '../doubles/ledger-world.ts';
import { tableOf } from '../support/exhaustive.ts';

/** Further faults of the ledger's provider, and how the job ends. */
interface Scenario extends LedgerWorldOptions {
  readonly what: string;
  readonly counts?: Readonly<Record<string, number>>;
  /** The job stops and reports what is open. It succeeds when it is resumed at a provider without faults. */
  readonly stops?: true;
}

const HOUR = 3_600;

const creates: readonly Scenario[] = [200, 201, 202, 204, 299].flatMap((status) =>
  [true, false].map((proxyPages) => ({
    what: `a create whose batch exists is answered with ${status} and ${proxyPages ? 'a page' : 'an error'}`,
    misbehaviour: { lostCreates: [status], proxyPages },
  })),
);

const drips: readonly Scenario[] = [
  {
    what: 'answers to create that drip',
    misbehaviour: { drip: { call: 'create', everyMs: 5 } },
    totalMs: 60,
  },
  {
    what: 'a lost create, and answers to list that drip',
    misbehaviour: { lostCreates: [502], drip: { call: 'list', everyMs: 5 } },
    totalMs: 60,
    stops: true,
  },
];

const pages: readonly Scenario[] = [
  ...(['get', 'file'] as const).map((call) => ({
    what: `pages in place of answers to ${call}, five times`,
    misbehaviour: { loginPages: { call, times: 5 } },
  })),
  {
    what: 'a lost create, and pages in place of the list, three times',
    misbehaviour: { lostCreates: [503], loginPages: { call: 'list', times: 3 } },
  },
  {
    what: 'pages in place of answers to get, for ever',
    misbehaviour: { loginPages: { call: 'get', times: Infinity } },
    stops: true,
  },
  {
    what: 'pages in place of files, for ever',
    misbehaviour: { loginPages: { call: 'file', times: Infinity } },
    stops: true,
  },
];

const times: readonly Scenario[] = [
  { what: 'times in milliseconds', runSeconds: 20 * HOUR, misbehaviour: { millisecondTimes: true } },
  {
    what: 'times in milliseconds of a clock that is a day behind',
    runSeconds: 20 * HOUR,
    misbehaviour: { millisecondTimes: true, clockAheadSeconds: -24 * HOUR },
  },
];

const files: readonly Scenario[] = [
  { what: 'files behind one redirect to another host', misbehaviour: { redirects: 1 } },
  { what: 'files behind three redirects', misbehaviour: { redirects: 3 } },
  { what: 'files that come compressed', misbehaviour: { isZipped: true } },
];

const denied: readonly Scenario[] = [
  ...[401, 402, 403, 451].map((status) => ({
    what: `one row of six that is denied with ${status}`,
    misbehaviour: { deniedRows: { q2: status } },
    counts: { ok: 5, failed: 1 },
  })),
  {
    what: 'five rows of six that are denied with 403',
    misbehaviour: { deniedRows: { q0: 403, q1: 403, q2: 403, q3: 403, q4: 403 } },
    counts: { ok: 1, failed: 5 },
  },
  {
    what: 'every row denied with 401',
    misbehaviour: { deniedRows: { q0: 401, q1: 401, q2: 401, q3: 401, q4: 401, q5: 401 } },
    stops: true,
  },
];

const poisoned: readonly Scenario[] = [
  'Line {line}: the prompt is not allowed',
  'Validation failed at row {line}',
  "The request with custom_id 'q3' is malformed",
  'One of the requests is malformed.',
  'messages[0].content of request #{line} is too long',
].map((says) => ({
  what: `a row that fails its file: "${says}"`,
  misbehaviour: { poison: { id: 'q3', code: 'invalid_request', says } },
  counts: { ok: 5, failed: 1 },
}));

function unreported({ ledger }: LedgerWorld, summary: Summary | undefined): string[] {
  const told = JSON.stringify(summary ?? {});
  return ledger.openBatches().filter((id) => !told.includes(id));
}

function paidTooOften({ ledger }: LedgerWorld): string[] {
  return [...ledger.paidRows()].flatMap(([id, times_]) => (times_ > 1 ? [`${id}: ${times_} times`] : []));
}

const TABLE = [...creates, ...drips, ...pages, ...times, ...files, ...denied, ...poisoned];

tableOf(TABLE, 8).describe('$what', ({ what: _what, counts = { ok: 6 }, stops, ...options }) => {
  test('pays for no row twice, reports every open batch, and brings every answer', async () => {
    const world = await openLedgerWorld(options);

    let summary = await world.run();
    expect(unreported(world, summary)).toEqual([]);
    if (stops === true) {
      expect(summary).toMatchObject({ status: 'failed', failure: { message: expect.any(String) as string } });
      for (const name of Object.keys(world.ledger.misbehaviour))
        delete world.ledger.misbehaviour[name as keyof Misbehaviour];
      for (const batch of world.ledger.batches()) delete batch.ended;
      summary = await world.run();
    }

    expect(paidTooOften(world)).toEqual([]);
    expect(unreported(world, summary)).toEqual([]);
    expect(summary?.counts).toMatchObject(counts);
    expect(world.ledger.paidRows().size).toBe(counts['ok']);
  });
});

describe('a cancel that is answered with a page', () => {
  test('is repeated until the batch ends', async () => {
    const world = await openLedgerWorld({
      runSeconds: 10 * HOUR,
      misbehaviour: { loginPages: { call: 'cancel', times: 12 } },
    });

    expect(await world.runAndCancel()).toMatchObject({ status: 'cancelled' });
    expect(world.ledger.openBatches()).toEqual([]);
  });
});
