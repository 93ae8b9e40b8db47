import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noteEndedHost } from '../../host/note-ended-host.ts';
import { bytesThatFit, type RoomLimits } from '../../src/batches/room-limits.ts';
import { hasRoom } from '../../src/batches/room-queue.ts';
import { leaveRoom, recordRejection, takeRoom } from '../../src/batches/take-room.ts';
import { readRoom, type Room } from '../../src/checkpoints/room.ts';
import { StoreUnavailable } from '../../src/errors.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createTraffic, unsteady } from '../requests/store.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { trials } from '../support/exhaustive.ts';

const NOW = 1_790_000_000;

const edgesOf = (store: ObjectStore) => ({ store, wait: () => Promise.resolve(), random: () => 0.5 });

const limitsOf = (slots: number | undefined, tokens?: number): RoomLimits => ({
  slots,
  tokensOf: () => tokens,
});

interface Ask {
  readonly jobId: string;
  readonly tokens?: number;
  readonly round?: number;
  readonly at?: number;
  readonly model?: string;
}

/** Opens the room of a provider, and functions with which rounds ask for it. */
function openRoom(limits: RoomLimits, gone: ReadonlySet<string> = new Set()) {
  const store = createMemoryStore(1_024);
  const edges = edgesOf(store);
  const asked: string[] = [];
  const lefts: unknown[] = [];
  const take = async ({ jobId, tokens = 0, round = 1, at = NOW, model }: Ask): Promise<boolean> => {
    const asking = { jobId, shard: 0, round, tokens, at, model };
    const room = await takeRoom(edges, { provider: 'p', asking, limits }, (holder) => {
      asked.push(holder.jobId);
      lefts.push('left' in holder && holder.left);
      return Promise.resolve(gone.has(holder.jobId));
    });
    return hasRoom(room, asking);
  };
  const leave = (jobId: string, round = 1): Promise<void> =>
    leaveRoom(edges, 'p', { jobId, shard: 0, round, endedAt: undefined });
  const refuse = (jobId: string, limit?: number, now = NOW): Promise<void> =>
    recordRejection(edges, 'p', { jobId, shard: 0, round: 1, next: 1, model: undefined, limit, now });
  const room = (): Promise<Room | undefined> => readRoom(store, 'p');
  const end = (): Promise<void> => noteEndedHost(edges);
  return { store, asked, lefts, take, leave, end, refuse, room };
}

describe('after the host that ran the shards has ended', () => {
  test('the queue is empty, and the first shard that asks gets the free room', async () => {
    const { take, leave, end } = openRoom(limitsOf(1));
    await take({ jobId: 'a' });
    await take({ jobId: 'b', at: NOW + 1 });
    await take({ jobId: 'c', at: NOW + 2 });
    await leave('a');

    await end();

    expect(await take({ jobId: 'c', at: NOW + 3 })).toBe(true);
    expect(await take({ jobId: 'b', at: NOW + 4 })).toBe(false);
  });

  test('holders keep their room until it is known to be free, and are recognised when they ask again', async () => {
    const { take, end, room, lefts } = openRoom(limitsOf(1));
    await take({ jobId: 'a' });

    await end();

    expect(await take({ jobId: 'b', at: NOW + 1 })).toBe(false);
    expect(lefts).toEqual([true]);
    expect(await take({ jobId: 'a', at: NOW + 2 })).toBe(true);
    expect((await room())?.holders).toMatchObject([{ jobId: 'a' }]);
    expect((await room())?.holders[0]).not.toHaveProperty('left');
  });

  test('a second call changes nothing, and in a store without rooms no room is created', async () => {
    const { take, end, room, store } = openRoom(limitsOf(1));
    await end();
    expect(await Array.fromAsync(store.list(''))).toEqual([]);
    await take({ jobId: 'a' });
    await end();
    const before = await room();
    const keys = await Array.fromAsync(store.list(''));

    await end();

    expect(await room()).toEqual(before);
    expect(await Array.fromAsync(store.list(''))).toEqual(keys);
  });
});

describe('slots', () => {
  test('are given in the order of the requests, independent of who looks first when one is free', async () => {
    const { take, leave } = openRoom(limitsOf(1));
    expect(await take({ jobId: 'a' })).toBe(true);
    expect(await take({ jobId: 'b', at: NOW + 1 })).toBe(false);
    expect(await take({ jobId: 'c', at: NOW + 2 })).toBe(false);

    await leave('a');

    expect(await take({ jobId: 'c', at: NOW + 60 })).toBe(false);
    expect(await take({ jobId: 'b', at: NOW + 61 })).toBe(true);
  });

  test('belong to one round and not to the round after it', async () => {
    const { take } = openRoom(limitsOf(1));
    await take({ jobId: 'a' });
    await take({ jobId: 'b' });

    expect(await take({ jobId: 'a' })).toBe(true);
    expect(await take({ jobId: 'a', round: 2 })).toBe(false);
    expect(await take({ jobId: 'b' })).toBe(true);
  });

  test('are not blocked by a shard that has been silent for half an hour', async () => {
    const { take, leave } = openRoom(limitsOf(1));
    await take({ jobId: 'a' });
    await take({ jobId: 'silent' });
    await take({ jobId: 'c', at: NOW + 60 });
    await leave('a');

    expect(await take({ jobId: 'c', at: NOW + 1_800 })).toBe(false);
    expect(await take({ jobId: 'c', at: NOW + 1_801 })).toBe(true);
  });

  test('are taken over from holders that have released them, and only the first in the queue checks this', async () => {
    const gone = new Set<string>();
    const { take, asked } = openRoom(limitsOf(2), gone);
    await take({ jobId: 'a' });
    await take({ jobId: 'b' });
    expect(asked).toEqual([]);
    await take({ jobId: 'c', at: NOW + 1 });
    expect(asked).toEqual(['a', 'b']);
    await take({ jobId: 'd', at: NOW + 2 });
    expect(asked).toEqual(['a', 'b']);
    gone.add('b');

    expect(await take({ jobId: 'd', at: NOW + 3 })).toBe(false);
    expect(await take({ jobId: 'c', at: NOW + 4 })).toBe(true);
  });

  test('of earlier versions count, can be recognised as free, and are released', async () => {
    const gone = new Set<string>();
    const { store, take } = openRoom(limitsOf(2), gone);
    await store.put('slots/p/0.json', '{"jobId":"old","shard":0,"at":1}');
    await store.put('slots/p/1.json', '{"jobId":"mine","shard":0}');

    expect(await take({ jobId: 'mine' })).toBe(true);
    expect(await store.get('slots/p/1.json')).toBeUndefined();
    expect(await take({ jobId: 'other', at: NOW + 1 })).toBe(false);
    gone.add('old');
    expect(await take({ jobId: 'other', at: NOW + 2 })).toBe(true);
    expect(await store.get('slots/p/0.json')).toBeUndefined();
  });
});

test('a holder that asks again after it was thought to have ended keeps its slot', async () => {
  const store = createMemoryStore(1_024);
  const isLooking = Promise.withResolvers<undefined>();
  const seen = Promise.withResolvers<boolean>();
  const ask = async (jobId: string, hasLetGo: () => Promise<boolean>): Promise<boolean> => {
    const asking = { jobId, shard: 0, round: 1, tokens: 0, at: NOW };
    const wanted = { provider: 'p', asking, limits: limitsOf(1) };
    return hasRoom(await takeRoom(edgesOf(store), wanted, hasLetGo), asking);
  };
  const isThere = (): Promise<boolean> => Promise.resolve(false);
  expect(await ask('resumed', isThere)).toBe(true);

  const other = ask('other', () => {
    isLooking.resolve(undefined);
    return seen.promise;
  });
  await isLooking.promise;
  const again = await ask('resumed', isThere);
  seen.resolve(true);

  expect([again, await other]).toEqual([true, false]);
});

test.each([
  ['fits', 80, {}, undefined],
  ['is larger than a known limit', 200, {}, 400],
  ['is larger than a limit that a refusal named', 80, { tokens: 10, named: 40, until: NOW + 1 }, 400],
  ['is larger than a limit that is forgotten', 80, { tokens: 10, named: 40, until: NOW }, undefined],
  ['is larger than what others have enqueued', 80, { tokens: 10, until: NOW + 1 }, undefined],
])('a file that %s is sent in parts of that size or whole', (_what, tokens, lesson, bytes) => {
  const learned = { m: { tokens: 100, until: 0, ...lesson } };
  const file = { model: 'm', tokens, at: NOW, bytes: 1_000 };

  expect(bytesThatFit({ holders: [], waiting: [], learned }, limitsOf(undefined, 100), file)).toBe(bytes);
});

describe('tokens', () => {
  test('that do not fit wait, and smaller batches of the model do not overtake them', async () => {
    const { take, leave } = openRoom(limitsOf(undefined, 100));
    expect(await take({ jobId: 'a', tokens: 60 })).toBe(true);
    expect(await take({ jobId: 'large', tokens: 80, at: NOW + 1 })).toBe(false);
    expect(await take({ jobId: 'small', tokens: 10, at: NOW + 2 })).toBe(false);
    expect(await take({ jobId: 'other', tokens: 90, at: NOW + 2, model: 'another' })).toBe(true);

    await leave('a');

    expect(await take({ jobId: 'large', tokens: 80, at: NOW + 3 })).toBe(true);
    expect(await take({ jobId: 'small', tokens: 10, at: NOW + 3 })).toBe(true);
  });

  test('that are more than the limit are sent alone', async () => {
    const { take, leave } = openRoom(limitsOf(undefined, 100));
    await take({ jobId: 'a', tokens: 1 });
    expect(await take({ jobId: 'b', tokens: 500, at: NOW + 1 })).toBe(false);
    await leave('a');
    expect(await take({ jobId: 'b', tokens: 500, at: NOW + 2 })).toBe(true);
    expect(await take({ jobId: 'c', tokens: 1, at: NOW + 3 })).toBe(false);
  });

  test.each([
    ['the limit that the provider names', 150, 150],
    ['what others have enqueued, where it names none', undefined, 120],
    ['what others have enqueued, where the batch should fit into what it names', 1_000, 120],
  ])('that are rejected teach %s', async (_what, limit, tokens) => {
    const { take, refuse, room } = openRoom(limitsOf(undefined));
    await take({ jobId: 'a', tokens: 120 });
    await take({ jobId: 'b', tokens: 60, at: NOW + 1 });

    await refuse('b', limit, NOW + 2);

    const named = limit === undefined ? {} : { named: limit };
    expect((await room())?.learned).toEqual({ '': { tokens, ...named, until: NOW + 2 + 6 * 3_600 } });
    expect(await take({ jobId: 'b', tokens: 60, at: NOW + 3 })).toBe(false);
    expect(await take({ jobId: 'c', tokens: 1, at: NOW + 4 })).toBe(false);
    // After six hours, the learned limit expires: the provider may have raised it.
    expect(await take({ jobId: 'b', tokens: 60, at: NOW + 2 + 6 * 3_600 })).toBe(true);
  });

  test('that are rejected although nothing else is enqueued show no limit', async () => {
    const { take, refuse, room } = openRoom(limitsOf(undefined));
    await take({ jobId: 'a', tokens: 120 });

    await refuse('a');

    expect(await room()).toMatchObject({ holders: [], waiting: [{ jobId: 'a' }] });
    expect((await room())?.learned).toBeUndefined();
  });

  test('that are rejected keep their position', async () => {
    const { take, refuse, leave } = openRoom(limitsOf(undefined, 100));
    await take({ jobId: 'a', tokens: 50 });
    await take({ jobId: 'b', tokens: 50, at: NOW + 1 });
    await take({ jobId: 'c', tokens: 50, at: NOW + 2 });

    await refuse('b', 60, NOW + 3);
    await leave('a');

    expect(await take({ jobId: 'c', tokens: 50, at: NOW + 4 })).toBe(false);
    expect(await take({ jobId: 'b', tokens: 50, at: NOW + 5 })).toBe(true);
  });
});

interface Life {
  readonly tokens: number;
  /** The store fails at these calls, counted from each start. Each failure ends the execution of the shard, and the next execution continues. */
  readonly crashes: readonly { readonly atCall: number; readonly answerIsLost: boolean }[];
  /** No execution follows the last crash. */
  readonly isLeft: boolean;
}

const SLOTS = 2;
const TOKENS = 10;

const lives = fc.array(
  fc.record({
    tokens: fc.integer({ min: 1, max: 12 }),
    crashes: fc.array(fc.record({ atCall: fc.nat(12), answerIsLost: fc.boolean() }), { maxLength: 2 }),
    isLeft: fc.boolean(),
  }),
  { minLength: 2, maxLength: 5 },
);

trials(15, 60).test(
  'with any order of shards that ask, leave, die and resume, the limit is kept and no room is lost',
  async (numRuns) => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), lives, async (scheduler, shards) => {
        const plain = createMemoryStore(1_024);
        const traffic = createTraffic(scheduler);
        const limits = limitsOf(SLOTS, TOKENS);
        const running = new Set<string>();
        const live = new Map<string, number>();
        let now = NOW;
        // The answer about a holder is true when it is given, and may be outdated when the caller uses it.
        const hasLetGo = async ({ jobId }: { jobId: string }): Promise<boolean> =>
          traffic.take(() => Promise.resolve(!running.has(jobId)));
        const ask = async (store: ObjectStore, jobId: string, tokens: number): Promise<boolean> => {
          now += 100;
          const asking = { jobId, shard: 0, round: 1, tokens, at: now };
          return hasRoom(await takeRoom(edgesOf(store), { provider: 'p', asking, limits }, hasLetGo), asking);
        };
        const runOnce = async (store: ObjectStore, jobId: string, tokens: number): Promise<void> => {
          running.add(jobId);
          try {
            while (!(await ask(store, jobId, tokens)));
            live.set(jobId, tokens);
            const enqueued = [...live.values()].reduce((sum, each) => sum + each, 0);
            expect(live.size).toBeLessThanOrEqual(SLOTS);
            expect(live.size === 1 || enqueued <= TOKENS).toBe(true);
            // The batch runs.
            for (let n = 0; n < 3; n += 1) await traffic.take(() => Promise.resolve());
            live.delete(jobId);
            await leaveRoom(edgesOf(store), 'p', { jobId, shard: 0, round: 1, endedAt: now });
          } finally {
            live.delete(jobId);
            running.delete(jobId);
          }
        };
        const runLife = async ({ tokens, crashes, isLeft }: Life, n: number): Promise<void> => {
          for (const crash of [...crashes, undefined]) {
            if (crash === undefined && isLeft && crashes.length > 0) return;
            const store = unsteady(plain, { traffic, ...(crash && { crash }) });
            try {
              return await runOnce(store, `job ${n}`, tokens);
            } catch (error) {
              if (!(error instanceof StoreUnavailable)) throw error;
            }
          }
        };

        await traffic.drive(Promise.all(shards.map(runLife)));

        now += 3_600;
        const store = unsteady(plain, { traffic });
        for (let n = 0; n < SLOTS; n += 1) {
          running.add(`later ${n}`);
          expect(await traffic.drive(ask(store, `later ${n}`, TOKENS / SLOTS))).toBe(true);
        }
        expect(await traffic.drive(ask(store, 'one too many', 1))).toBe(false);
      }),
      { numRuns },
    );
  },
);
