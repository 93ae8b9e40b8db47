import { expect, test } from 'vitest';
import type { Summary } from '../../src/checkpoints/summary.ts';
import type { OutputMisbehaviour } from '../doubles/ledger-output.ts';
import { openLedgerWorld, type LedgerWorld } from '../doubles/ledger-world.ts';
import { tableOf } from '../support/exhaustive.ts';

/** Faults in how a provider shows the answers of a batch. */
interface Scenario {
  readonly what: string;
  readonly output: OutputMisbehaviour;
  readonly ends?: 'expired' | 'cancelled';
  /** The job stops and succeeds when it is resumed at a provider without faults. */
  readonly stops?: true;
}

const COUNTS = ['as they are', 'absent', 'zero', 'too few', 'of another number'] as const;

const looks: readonly Scenario[] = COUNTS.flatMap((counts) => [
  { what: `no output id for six looks, and counters ${counts}`, output: { counts, nullLooks: 6 } },
  { what: `a file that grows for five looks, and counters ${counts}`, output: { counts, growingLooks: 5 } },
  {
    what: `a file without a size that grows for five looks in chunks, and counters ${counts}`,
    output: { counts, growingLooks: 5, bytes: 'absent' as const, isChunked: true },
  },
]);

const never: readonly Scenario[] = COUNTS.map((counts) => ({
  what: `no output id for ever, and counters ${counts}`,
  output: { counts, nullLooks: Infinity },
  stops: true as const,
}));

const unfinished: readonly Scenario[] = COUNTS.flatMap((counts) =>
  (['expired', 'cancelled'] as const).map((ends) => ({
    what: `a batch that is ${ends} with a part of its rows that grows for three looks, and counters ${counts}`,
    ends,
    output: { counts, growingLooks: 3 },
  })),
);

const ids: readonly Scenario[] = [
  ['in upper case', (id: string) => id.toUpperCase()],
  ['with blanks', (id: string) => ` ${id} `],
  ['with zeros', (id: string) => id.replace(/(\d+)/, '000$1')],
].map(([how, change]) => ({
  what: `ids that come back ${String(how)}`,
  output: { changeId: change as (id: string) => string },
}));

const shapes: readonly Scenario[] = [
  { what: 'sizes of 0', output: { bytes: 'zero' } },
  { what: 'a file in chunks', output: { isChunked: true } },
  { what: 'a last line without a newline', output: { dropsLast: 1 } },
  { what: 'an answer as the line itself', output: { isFlat: true } },
  { what: 'polls that are answered with another batch', output: { otherBatchLooks: 3 } },
  {
    what: 'polls that are answered with another batch for ever',
    output: { otherBatchLooks: Infinity },
  },
  { what: 'a 404 for the file for five looks', output: { statusLooks: [404, 404, 404, 404, 404] } },
  { what: 'a 204, a 206 and an error with 200', output: { statusLooks: [204, 206, 299, 204, 206] } },
];

const endless: readonly Scenario[] = [
  {
    what: 'every answer, and then blank lines without end',
    output: { endless: '\r\n' },
  },
  {
    what: 'every answer, and then the first one again without end',
    output: { endless: '{"custom_id":"q0","response":{"status_code":200,"body":{"choices":[]}}}\n' },
  },
  {
    what: 'a part of the answers, and then those of other rows without end',
    output: { endless: '\n{"custom_id":"other","response":{"status_code":200,"body":{}}}', dropsLast: 900 },
    stops: true,
  },
];

function unreported({ ledger }: LedgerWorld, summary: Summary | undefined): string[] {
  const told = JSON.stringify(summary ?? {});
  return ledger.openBatches().filter((id) => !told.includes(id));
}

function paidTooOften({ ledger }: LedgerWorld): string[] {
  return [...ledger.paidRows()].flatMap(([id, times]) => (times > 1 ? [`${id}: ${times} times`] : []));
}

const TABLE = [...looks, ...never, ...unfinished, ...ids, ...shapes, ...endless];

tableOf(TABLE, 8).describe('$what', (scenario) => {
  test('pays for no row too often, reports every open batch, and brings every answer', async () => {
    const { output, ends, stops } = scenario;
    const world = await openLedgerWorld({
      misbehaviour: { output, ...(ends !== undefined && { endsEarly: { as: ends, finished: 4 } }) },
    });

    let summary = await world.run();
    expect(unreported(world, summary)).toEqual([]);
    if (stops === true) {
      expect(summary).toMatchObject({ status: 'failed', advice: expect.any(String) as string });
      const [batch] = world.ledger.batches();
      expect(summary?.open?.[0]).toMatchObject({ batchId: batch?.id, files: { input: batch?.inputFileId } });
      delete world.ledger.misbehaviour.output;
      summary = await world.run();
    }

    expect(paidTooOften(world)).toEqual([]);
    expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 6 }, open: [] });
  });
});
