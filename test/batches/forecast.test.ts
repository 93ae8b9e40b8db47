import { expect, test } from 'vitest';
import { forecast, forecastText, secondsUntilRoom } from '../../src/batches/forecast.ts';
import { roomPrefix } from '../../src/checkpoints/keys.ts';
import type { Room, RoomEntry } from '../../src/checkpoints/room.ts';
import { changeKey } from '../../src/checkpoints/state-log.ts';
import { writeJson } from '../../src/store/json.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { builtInDialect } from '../../src/provider/dialects/dialects.ts';
import { createMemoryStore } from '../support/memory-store.ts';

const NOW = 1_790_000_000;

const entry = (jobId: string, tokens: number, fields: Partial<RoomEntry> = {}): RoomEntry => ({
  jobId,
  shard: 0,
  round: 1,
  model: 'm',
  tokens,
  since: NOW,
  at: NOW,
  nth: 1,
  ...fields,
});

async function storeWith(room: Room | undefined): Promise<ObjectStore> {
  const store = createMemoryStore(1_024);
  if (room !== undefined) await writeJson(store, changeKey(roomPrefix('p'), 1), room);
  return store;
}

const profileOf = (limits: { maxBatches?: number; enqueuedTokens?: number }) => ({
  provider: { name: 'p', baseUrl: 'https://p.example/v1', dialect: builtInDialect('openai') },
  model: 'm',
  completionWindow: '24h',
  ...limits,
});

test('a plan shows no wait if the provider has no known limit', async () => {
  const asked = { profile: profileOf({}), batches: [1, 2], now: NOW };

  const known = await forecast(await storeWith(undefined), asked);

  expect(known).toBeUndefined();
  expect(forecastText(known)).toBe('no limit of batches or enqueued tokens is known: no wait is expected');
});

test('batches that do not fit together run one after the other, each as long as the last ones took', async () => {
  const room = {
    holders: [entry('a', 60, { at: NOW - 400 })],
    waiting: [entry('b', 50)],
    recent: [900, 1_100],
  };
  const asked = { profile: profileOf({ enqueuedTokens: 100 }), batches: [40, 70], now: NOW };

  const known = await forecast(await storeWith(room), asked);

  // `a` ends after 600 s; then `b` and the first batch run at the same time, and the second batch runs after them.
  expect(known).toEqual({
    tokens: 100,
    ahead: 2,
    secondsPerBatch: 1_000,
    isMeasured: true,
    seconds: 600 + 1_000 + 1_000,
  });
  expect(forecastText(known)).toBe(
    'room for 100 enqueued tokens at a time; 2 batches of all jobs ahead; done in about 43m 20s, by the last batches, which took 16m 40s',
  );
});

test('if no batch has ended yet, each is expected to take its whole window', async () => {
  const asked = { profile: profileOf({ maxBatches: 2 }), batches: [1, 1, 1], now: NOW };

  const known = await forecast(await storeWith(undefined), asked);

  expect(known).toMatchObject({ slots: 2, ahead: 0, isMeasured: false, seconds: 2 * 86_400 });
  expect(forecastText(known)).toContain('it is not known how long batches take');
});

test('limits that were learned from rejections count until they expire, for their model only', async () => {
  const store = await storeWith({
    holders: [],
    waiting: [],
    learned: { m: { tokens: 50, until: NOW + 1 } },
  });
  const at = (now: number, model: string) =>
    forecast(store, { profile: { ...profileOf({}), model }, batches: [40, 40], now });

  expect(await at(NOW, 'm')).toMatchObject({ tokens: 50, seconds: 2 * 86_400 });
  expect(await at(NOW + 1, 'm')).toBeUndefined();
  expect(await at(NOW, 'another')).toBeUndefined();
});

test('a waiting shard has a forecast once a batch has shown how long batches take', () => {
  const asking = { jobId: 'c', shard: 0, round: 1, model: 'm', tokens: 50, at: NOW };
  const limits = { slots: undefined, tokensOf: () => 100 };
  const room = {
    holders: [entry('a', 100)],
    waiting: [entry('b', 100), entry('c', 50), entry('d', 100)],
  };

  expect(secondsUntilRoom(room, { asking, limits })).toBeUndefined();
  expect(secondsUntilRoom({ ...room, recent: [300] }, { asking, limits })).toBe(600);
});
