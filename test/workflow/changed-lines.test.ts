import { describe, expect, test } from 'vitest';
import type { IdChange, RowAction } from '../../simulator/faults.ts';
import { openWorld, type World } from './world.ts';

const rowsOf = (ids: readonly string[]): string =>
  ids.map((custom_id) => `${JSON.stringify({ custom_id, prompt: `echo:${custom_id}` })}\n`).join('');

const LONG = Array.from({ length: 4 }, (_, n) => `${n}${'x'.repeat(70)}`);

const CHANGES: readonly (readonly [IdChange, readonly string[]])[] = [
  ['trimmed', [' a', 'b ', ' c ']],
  ['lower', ['Ada', 'BOB', 'Cid']],
  ['upper', ['Ada', 'bob', 'Cid']],
  ['nfc', ['cafe\u0301', 'a\u0308', 'plain']],
  ['nfd', ['caf\u00e9', '\u00e4', 'plain']],
  ['padded', ['7', 'row-12', 'row-3-of-9']],
  ['stripped', ['007', 'row-012', 'x0']],
  ['number', ['17', '0042', '5']],
  ['cut', LONG],
  ['camel', ['a', 'b', 'c']],
  ['other-key', ['a', 'b', 'c']],
];

const paid = ({ simulator }: World): number[] => [...simulator.answersPerRow().values()];

describe.each(CHANGES)('ids that come back changed (%s)', (as, ids) => {
  test('are matched if only one row is possible, and counted', async () => {
    const world = await openWorld({ faults: [{ at: 'row', every: 1, action: { kind: 'rename', as } }] });

    const { summary, results } = await world.run(rowsOf(ids));

    expect(results.map((line) => [line.custom_id, line.ok && line.text])).toEqual(ids.map((id) => [id, id]));
    expect(summary).toMatchObject({
      status: 'succeeded',
      rounds: 1,
      unexplained: { unknown: 0, missing: 0 },
    });
    expect(summary.unexplained.changedIds ?? 0).toBeGreaterThan(0);
    expect(paid(world)).toEqual(ids.map(() => 1));
  });
});

test('answers directly in the line are read as answers', async () => {
  const world = await openWorld({ faults: [{ at: 'row', every: 1, action: { kind: 'top-level' } }] });

  const { summary, results } = await world.run(rowsOf(['a', 'b']));

  expect(summary).toMatchObject({ status: 'succeeded', rounds: 1 });
  expect(results).toMatchObject([
    { custom_id: 'a', text: 'a' },
    { custom_id: 'b', text: 'b' },
  ]);
});

describe.each<[string, RowAction]>([
  ['cut in its middle', { kind: 'unreadable' }],
  ['no JSON', { kind: 'garbled' }],
  ['without a result around its answer', { kind: 'top-level' }],
  ['with its id under another name', { kind: 'rename', as: 'other-key' }],
])('a line of results from Anthropic that is %s', (_how, action) => {
  test('costs its row one more answer at most, and the other rows none', async () => {
    const world = await openWorld({
      dialect: 'anthropic',
      faults: [{ at: 'row', ids: ['c'], action, times: 1 }],
    });

    const { summary, results } = await world.run(rowsOf(['a', 'b', 'c', 'd']), {
      provider: 'anthropic-simulator',
    });

    expect(summary).toMatchObject({ status: 'succeeded', open: [] });
    expect(results.map((line) => line.ok && line.text)).toEqual(['a', 'b', 'c', 'd']);
    const twice = paid(world).filter((times) => times > 1).length;
    expect(twice).toBe(summary.unexplained.paidTwice ?? 0);
    expect(twice).toBeLessThanOrEqual(1);
  });
});

test('an id that may belong to two rows gives its answer to neither, and each is paid for at most twice', async () => {
  const world = await openWorld({
    faults: [{ at: 'row', every: 1, action: { kind: 'rename', as: 'lower' }, times: 'always' }],
  });

  const { summary, results } = await world.run(rowsOf(['Ann', 'ANN', 'bob']));

  expect(results.map(({ ok }) => ok)).toEqual([false, false, true]);
  expect(results[0]).toMatchObject({ error: { code: 'UNREADABLE_RESULT' } });
  expect(summary.unexplained).toMatchObject({ paidTwice: 2 });
  expect(Math.max(...paid(world))).toBe(2);
});

describe.each<[string, RowAction]>([
  ['cut in its middle', { kind: 'unreadable' }],
  ['no JSON, without an id', { kind: 'garbled' }],
])('a result line that is %s', (_how, action) => {
  test('is requested again and answered', async () => {
    const world = await openWorld({ faults: [{ at: 'row', ids: ['c'], action, times: 1 }] });

    const { summary } = await world.run(rowsOf(['a', 'b', 'c', 'd']));

    expect(summary).toMatchObject({
      status: 'succeeded',
      rounds: 2,
      unexplained: { unreadable: 1, paidTwice: 1 },
      unreadableLines: [{ file: 'output', line: expect.any(Number), excerpt: expect.stringMatching(/./) }],
    });
  });

  test('is requested again once, however often it is repeated, and reported with its line', async () => {
    const world = await openWorld({ faults: [{ at: 'row', ids: ['c'], action, times: 'always' }] });

    const { summary, results } = await world.run(rowsOf(['a', 'b', 'c', 'd']));

    expect(results.map(({ ok }) => ok)).toEqual([true, true, false, true]);
    expect(results[2]).toMatchObject({
      error: { code: 'UNREADABLE_RESULT', message: expect.stringMatching(/Line \d+ of the output file/) },
    });
    expect(summary).toMatchObject({ status: 'partial', unexplained: { paidTwice: 1 } });
    expect(paid(world).toSorted((a, b) => a - b)).toEqual([1, 1, 1, 2]);
  });
});

describe('rows that the batch neither answered nor counted, beside a line that cannot be read', () => {
  const dropped = { at: 'row', ids: ['b', 'd'], action: { kind: 'drop' } } as const;
  const garbled = { at: 'row', ids: ['c'], action: { kind: 'garbled' } } as const;

  test('are sent again, and as many as there are such lines count as paid for twice', async () => {
    const world = await openWorld({
      faults: [
        { ...dropped, times: 1 },
        { ...garbled, times: 1 },
      ],
    });

    const { summary, results } = await world.run(rowsOf(['a', 'b', 'c', 'd', 'e']));

    expect(results.map((line) => line.ok && line.text)).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(summary).toMatchObject({ status: 'succeeded', unexplained: { unreadable: 1, paidTwice: 1 } });
    expect(paid(world).toSorted((a, b) => a - b)).toEqual([1, 1, 1, 1, 2]);
  });

  test('are sent again once while such lines come, because a line may belong to them', async () => {
    const world = await openWorld({
      faults: [
        { ...dropped, times: 'always' },
        { ...garbled, times: 'always' },
      ],
    });

    const { summary, results } = await world.run(rowsOf(['a', 'b', 'c', 'd', 'e']));

    expect(results.map(({ ok }) => ok)).toEqual([true, false, false, false, true]);
    expect(results[2]).toMatchObject({ outcome: 'exhausted', error: { code: 'UNREADABLE_RESULT' } });
    expect(summary.unexplained).toMatchObject({ paidTwice: 1 });
    expect(Math.max(...paid(world))).toBe(2);
  });
});

test('if no line of a finished batch can be recognised, nothing is sent again', async () => {
  const world = await openWorld({
    faults: [{ at: 'row', every: 1, action: { kind: 'garbled' }, times: 'always' }],
  });

  const { summary } = await world.run(rowsOf(['a', 'b', 'c']));

  expect(summary).toMatchObject({ status: 'failed', failure: { code: 'OUTPUT_UNRECOGNISED' } });
  expect(summary.open).toHaveLength(1);
  expect(paid(world)).toEqual([1, 1, 1]);
});

describe('rows that are denied (403)', () => {
  const denied = { kind: 'error', code: 'forbidden', status: 403, message: 'not for you' } as const;

  test('fail by themselves while others are answered: a row’s status is not the account’s', async () => {
    const world = await openWorld({
      dialect: 'openai',
      faults: [{ at: 'row', ids: ['b'], action: denied, times: 'always' }],
    });

    const { summary, results } = await world.run(rowsOf(['a', 'b', 'c']), { provider: 'openai-simulator' });

    expect(summary).toMatchObject({ status: 'partial', counts: { ok: 2, failed: 1 } });
    expect(results[1]).toMatchObject({
      outcome: 'failed',
      error: { code: 'forbidden', message: 'not for you' },
    });
  });

  test('stop the job when every row of the batch is', async () => {
    const world = await openWorld({
      dialect: 'openai',
      faults: [{ at: 'row', every: 1, action: denied, times: 1 }],
    });

    const first = await world.run(rowsOf(['a', 'b']), { provider: 'openai-simulator' });
    const second = await world.run(rowsOf(['a', 'b']), { provider: 'openai-simulator' });

    expect(first.summary).toMatchObject({ status: 'failed', failure: { name: 'ProviderDenied' } });
    expect(second.summary).toMatchObject({ status: 'succeeded' });
  });
});

test('a row with an unreadable line counts as paid twice once a resume has sent it again', async () => {
  const noQuota = { kind: 'error', code: 'insufficient_quota', status: 429, message: 'no quota' } as const;
  const world = await openWorld({
    dialect: 'openai',
    faults: [
      { at: 'row', ids: ['a'], action: { kind: 'unreadable' }, times: 1 },
      { at: 'row', ids: ['b'], action: noQuota, times: 1 },
    ],
  });

  const stopped = await world.run(rowsOf(['a', 'b', 'c']), { provider: 'openai-simulator' });
  const paidThen = paid(world);
  const { summary } = await world.run(rowsOf(['a', 'b', 'c']), { provider: 'openai-simulator' });

  expect(stopped.summary).toMatchObject({ status: 'failed', failure: { code: 'insufficient_quota' } });
  expect(stopped.summary.unexplained.paidTwice).toBeUndefined();
  expect(Math.max(...paidThen)).toBe(1);
  expect(summary).toMatchObject({ status: 'succeeded', unexplained: { paidTwice: 1 } });
});
