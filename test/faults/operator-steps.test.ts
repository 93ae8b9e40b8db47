import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { deadLettersKey } from '../../src/checkpoints/keys.ts';
import type { Misbehaviour } from '../doubles/ledger-misbehaviour.ts';
import { JOB_ID, openLedgerWorld, type LedgerWorld } from '../doubles/ledger-world.ts';
import { tableOf } from '../support/exhaustive.ts';

/** The page whose steps this file performs. */
const page = await readFile(new URL('../../docs/uncertain-states.md', import.meta.url), 'utf8');

function section(heading: string): string {
  const [, rest] = page.split(`\n## ${heading}\n`);
  if (rest === undefined) throw new Error(`The page has no section "${heading}".`);
  return rest.split('\n## ')[0] ?? '';
}

/** The files of a round that the page says to delete. */
function filesToDelete(round: number): string[] {
  return [...section('Give a batch up').matchAll(/`round-<r>\.([\w*.-]+)`/g)].map(
    ([, file]) => `jobs/${JOB_ID}/shards/00000/round-${round}.${file}`,
  );
}

async function giveUp({ store }: LedgerWorld, round: number): Promise<void> {
  for (const key of filesToDelete(round)) await store.delete(key);
}

const paid = ({ ledger }: LedgerWorld): number => Math.max(...ledger.paidRows().values());

/** Faults that stop the job, which then reports what is open. */
const STOPS: readonly (readonly [string, Misbehaviour])[] = [
  ['a batch that never shows its output', { output: { nullLooks: Infinity } }],
  ['a batch whose file never becomes whole', { output: { growingLooks: 1e6, dropsLast: 40 } }],
  ['a batch whose ids nobody knows', { output: { changeId: (id) => `other/${id}/${id.length}` } }],
  ['a lost create at a provider without a list', { lostCreates: [503], listStatus: 404 }],
  [
    'a batch that is not found, and no list',
    { notFound: { from: 0, to: Infinity, listed: true }, listStatus: 405 },
  ],
  ['a batch that heeds no cancel', { neverEnds: true, ignoresCancels: true }],
];

tableOf(STOPS, 3).describe('%s', (_what, misbehaviour) => {
  test('is given up with the steps of the page: its rows are sent again and answered', async () => {
    const world = await openLedgerWorld({ misbehaviour });
    const stopped = await world.run();
    expect(stopped).toMatchObject({ status: 'failed' });
    expect(stopped?.open).toHaveLength(1);

    await giveUp(world, 1);
    for (const name of Object.keys(world.ledger.misbehaviour))
      delete world.ledger.misbehaviour[name as keyof Misbehaviour];
    const summary = await world.run();

    expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 6 }, rounds: 1, open: [] });
    expect(world.ledger.batches()).toHaveLength(2);
    expect(paid(world)).toBe(2);
  });

  test('is not given up by a resume alone', async () => {
    const world = await openLedgerWorld({ misbehaviour });
    await world.run();

    await world.run();

    expect(world.ledger.batches()).toHaveLength(1);
  });
});

test('dead letters of an open batch are a valid input file, and carry the warning of the page', async () => {
  const first = await openLedgerWorld({ misbehaviour: { output: { nullLooks: Infinity } } });
  await first.run();
  const input = String(await first.store.get(deadLettersKey(JOB_ID)));
  expect(input).toContain('"warning":"Batch batch-000002 is still open');
  expect(section('A job has stopped: what is open?')).toContain('`warning`');
  delete first.ledger.misbehaviour.output;

  const second = await openLedgerWorld({ input, at: first });

  expect(await second.run()).toMatchObject({ status: 'succeeded', counts: { ok: 6 } });
});
