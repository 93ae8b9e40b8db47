import { describe, expect, test } from 'vitest';
import { EXHAUSTIVE, tableOf } from '../support/exhaustive.ts';
import type { NightshiftConfig } from '../../src/config/config.ts';
import type { EnqueuedLimit } from '../../simulator/enqueued-tokens.ts';
import { enqueuedPrefix, type ShardRef } from '../../src/checkpoints/keys.ts';
import { progressObject, type Progress } from '../../src/checkpoints/shard/progress.ts';
import { readRoom } from '../../src/checkpoints/room.ts';
import type { Fault } from '../../simulator/faults.ts';
import { expectReconciled, openWorld, prompts, type Ended, type World } from './world.ts';

const STAGES = { queuedSeconds: 60, runningSeconds: 1_800, finalizingSeconds: 1 };

/** Words that are one token each in a tokenizer, and about one in the simulator's count. */
const text = (words: number, n: number): string =>
  Array.from({ length: words }, (_, word) => `w${(word * 7 + n) % 90}`).join(' ');

function configOf(enqueuedTokens?: number): NightshiftConfig {
  return {
    providers: {
      simulator: {
        dialect: 'melious',
        baseUrl: 'http://127.0.0.1:9/v1',
        polling: { minSeconds: 30, maxSeconds: 300 },
        ...(enqueuedTokens !== undefined && { enqueuedTokens }),
      },
    },
    profiles: { default: { provider: 'simulator', model: 'glm-4.7:batch' } },
  };
}

/** Runs jobs of four shards each at the same time. */
function runJobs(world: World, jobs: number): Promise<Ended[]> {
  return Promise.all(
    Array.from({ length: jobs }, (_, n) =>
      world.run(
        prompts(8, (row) => text(20 + 30 * n, row)),
        { name: `rows-${n}.jsonl`, shardLimits: { maxRows: 2 } },
      ),
    ),
  );
}

/** The largest number of tokens that were queued or running at the same time, as the simulator counts them. */
function mostEnqueued({ simulator }: World): number {
  const taken = simulator.batches().filter(({ errors }) => errors.length === 0);
  return Math.max(
    ...taken.map(({ createdAt }) =>
      taken
        .filter((other) => other.createdAt <= createdAt && (other.end?.at ?? Infinity) > createdAt)
        .reduce((sum, { tokens = 0 }) => sum + tokens, 0),
    ),
  );
}

/** Number of creates that were rejected and batches that failed because of too many tokens. */
function refusals({ simulator }: World): number {
  const creates = simulator.requests().filter(({ status }) => status === 429).length;
  return creates + simulator.batches().filter(({ errors }) => errors.length > 0).length;
}

const LIMIT = 600;

const HOW: readonly EnqueuedLimit['refuses'][] = ['create', 'batch'];

tableOf(HOW, 1).describe('a provider that refuses the %s', (refuses) => {
  test('rejects nothing while shards of several jobs wait for a known limit', async () => {
    const waits: (Progress | undefined)[] = [];
    const world = await openWorld({
      config: configOf(LIMIT),
      stages: STAGES,
      enqueuedTokens: { tokens: LIMIT, refuses },
      wrap: (call) => async (step, event) =>
        call(step, event).catch(async (error: unknown) => {
          if (step === 'create-batch') waits.push(await progressObject.read(world.store, event as ShardRef));
          throw error;
        }),
    });

    const ended = await runJobs(world, 3);

    expect(ended.map(({ summary }) => summary.status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(refusals(world)).toBe(0);
    // Waiting shards report how many are ahead of them, until none is.
    expect(waits.length).toBeGreaterThan(0);
    expect(new Set(waits.map((progress) => progress?.status))).toEqual(new Set(['waiting for tokens']));
    expect(Math.max(...waits.map((progress) => progress?.ahead ?? 0))).toBeGreaterThan(0);
    // Several batches use the room at the same time.
    const largest = Math.max(...world.simulator.batches().map(({ tokens = 0 }) => tokens));
    expect(mostEnqueued(world)).toBeGreaterThan(largest);
    expect(mostEnqueued(world)).toBeLessThanOrEqual(LIMIT);
    expect([...world.simulator.createsPerKey().values()].every((creates) => creates === 1)).toBe(true);
  });

  test('rejects a few batches until its limit is learned', async () => {
    const world = await openWorld({
      config: configOf(),
      stages: STAGES,
      enqueuedTokens: { tokens: LIMIT, refuses },
    });

    const ended = await runJobs(world, 3);

    expect(ended.map(({ summary }) => summary.status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(mostEnqueued(world)).toBeLessThanOrEqual(LIMIT);
    // Only shards that asked before the first rejection are rejected. None is rejected again.
    expect(refusals(world)).toBeGreaterThan(0);
    expect(refusals(world)).toBeLessThan(12);
  });
});

test('a provider whose creates contain the requests rejects them like any other', async () => {
  const world = await openWorld({
    dialect: 'anthropic',
    config: {
      providers: {
        simulator: {
          dialect: 'anthropic',
          baseUrl: 'http://127.0.0.1:9/v1',
          polling: { minSeconds: 300, maxSeconds: 600 },
        },
      },
      profiles: { default: { provider: 'simulator', model: 'claude', body: { max_tokens: 100 } } },
    },
    stages: STAGES,
    enqueuedTokens: { tokens: LIMIT, refuses: 'create' },
  });

  const ended = await runJobs(world, 3);

  expect(ended.map(({ summary }) => summary.status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
  expect(refusals(world)).toBeGreaterThan(0);
  expect(world.simulator.requests().filter(({ status }) => status >= 500)).toEqual([]);
});

/** In milliseconds: until a poll sees the end of a batch, and before a part is retried. */
const [LONGEST_POLL, RETRY_WAIT, SLACK] = [300_000, 60_000, 120_000];

/** Milliseconds from the end of a batch to the next one. */
function longestGap({ simulator }: World): number {
  const batches = simulator.batches().toSorted((a, b) => a.createdAt - b.createdAt);
  return Math.max(
    ...batches.slice(1).map(({ createdAt }, n) => createdAt - (batches[n]?.end?.at ?? createdAt)),
  );
}

const LEARNED: readonly (readonly [string, number | undefined, EnqueuedLimit['refuses']])[] = [
  ['is learned from a batch that failed', undefined, 'batch'],
  ['is known', LIMIT, 'create'],
];

describe('a shard that is larger than the limit', () => {
  tableOf(LEARNED, 1).test('is sent in parts that fit if the limit %s', async (_how, known, refuses) => {
    const world = await openWorld({
      config: configOf(known),
      stages: STAGES,
      enqueuedTokens: { tokens: LIMIT, refuses },
    });

    const { summary } = await world.run(prompts(24, (row) => text(80, row)));

    expect(summary).toMatchObject({ status: 'succeeded', shards: 1, counts: { ok: 24 } });
    expect(refusals(world)).toBe(known === undefined ? 1 : 0);
    expect(summary.rounds).toBeGreaterThan(2);
    expect(mostEnqueued(world)).toBeLessThanOrEqual(LIMIT);
    expect([...world.simulator.answersPerRow().values()].every((answers) => answers === 1)).toBe(true);
  });
});

const UNKNOWN: readonly (readonly [string, EnqueuedLimit])[] = [
  ['its create is refused without the limit', { tokens: LIMIT, refuses: 'create', namesLimit: false }],
  ['its create is refused with the limit', { tokens: LIMIT, refuses: 'create' }],
  ['its batch fails without the limit', { tokens: LIMIT, refuses: 'batch', namesLimit: false }],
];

const ALONE: readonly (readonly [string, EnqueuedLimit, number | undefined])[] = [
  ['a refused create names the limit', { tokens: LIMIT, refuses: 'create' }, undefined],
  ['a failed batch names the limit', { tokens: LIMIT, refuses: 'batch' }, undefined],
  [
    'the limit is known, and the refusal does not name it',
    { tokens: LIMIT, refuses: 'create', namesLimit: false },
    LIMIT,
  ],
];

describe('a shard that is larger than an unknown limit', () => {
  tableOf(UNKNOWN, 1).test('is divided, and each row is answered once: %s', async (_how, enqueuedTokens) => {
    const world = await openWorld({ config: configOf(), stages: STAGES, enqueuedTokens });

    const ended = await world.run(prompts(24, (row) => text(80, row)));

    expect(ended.summary).toMatchObject({ status: 'succeeded', shards: 1, counts: { ok: 24 } });
    expect(mostEnqueued(world)).toBeLessThanOrEqual(LIMIT);
    expect(refusals(world)).toBeLessThan(enqueuedTokens.namesLimit === false ? 40 : 2);
    expect([...world.simulator.answersPerRow().values()].every((answers) => answers === 1)).toBe(true);
    expect(world.simulator.files().filter(({ name }) => name.endsWith('.requests.jsonl'))).toEqual([]);
    expectReconciled(ended);
  });

  tableOf(ALONE, 1).test(
    'fails only a row that is too large alone, with a clear error, if %s',
    async (_how, enqueuedTokens, known) => {
      const world = await openWorld({ config: configOf(known), stages: STAGES, enqueuedTokens });

      const ended = await world.run(prompts(5, (row) => text(row === 2 ? 1_500 : 20, row)));

      expect(ended.summary).toMatchObject({ status: 'partial', counts: { ok: 4, failed: 1 } });
      expect(ended.results[2]).toMatchObject({
        ok: false,
        outcome: 'failed',
        error: {
          code: 'token_limit_exceeded',
          message: expect.stringMatching(/600 enqueued tokens/) as string,
        },
      });
      expect(refusals(world)).toBeLessThan(8);
      expectReconciled(ended);
    },
  );

  test('waits while others use the account, and continues undivided afterwards', async () => {
    const world = await openWorld({
      config: configOf(),
      stages: STAGES,
      faults: [
        { at: 'create', action: { kind: 'status', status: 429, code: 'token_limit_exceeded' }, times: 2 },
      ],
    });

    const { summary } = await world.run(prompts(24, (row) => text(80, row)));

    expect(summary).toMatchObject({ status: 'succeeded', rounds: 1 });
    expect(world.simulator.batches()).toHaveLength(1);
  });

  test(
    'of one row does not fail by rejections without a limit: the shard stops with the reason',
    EXHAUSTIVE,
    async () => {
      const action = { kind: 'status', status: 429, code: 'token_limit_exceeded' } as const;
      const world = await openWorld({
        config: configOf(),
        faults: [{ at: 'create', action, times: 'always' }],
      });

      const { summary } = await world.run(prompts(1));

      expect(summary).toMatchObject({
        status: 'failed',
        failure: { name: 'ProviderBusy', code: 'token_limit_exceeded' },
        counts: { exhausted: 1 },
      });
    },
  );
});

test(
  'the number of parts of a shard does not make them wait longer, because nothing has failed',
  EXHAUSTIVE,
  async () => {
    const world = await openWorld({ config: configOf(LIMIT), stages: STAGES });

    const { summary } = await world.run(prompts(40, (row) => text(80, row)));

    expect(summary).toMatchObject({ status: 'succeeded', shards: 1, counts: { ok: 40 } });
    expect(summary.rounds).toBeGreaterThan(5);
    expect(longestGap(world)).toBeLessThan(LONGEST_POLL + RETRY_WAIT + SLACK);
  },
);

const FAULTS: Readonly<Record<string, readonly Fault[]>> = {
  'has succeeded': [],
  'has expired': [{ at: 'batch', action: { kind: 'end', as: 'expired', finished: 0.5 } }],
  'was cancelled': [{ at: 'batch', action: { kind: 'end', as: 'cancelled', finished: 0 } }],
  'failed its validation': [{ at: 'batch', action: { kind: 'invalid', code: 'bad', lines: [1] } }],
  'was refused': [{ at: 'create', action: { kind: 'status', status: 400, code: 'invalid' }, times: 5 }],
  'was denied': [{ at: 'create', action: { kind: 'status', status: 402, code: 'BILLING_2003' } }],
  'was found after its create was lost': [{ at: 'create', action: { kind: 'reset', when: 'after' } }],
  'went to a further round': [{ at: 'row', every: 2, action: { kind: 'error', code: 'INFERENCE_3107' } }],
  'is gone': [{ at: 'batch', nth: 1, action: { kind: 'vanish' } }],
};

describe.each([undefined, 100_000])('with a limit of %s tokens, room is free when a batch', (limit) => {
  tableOf(Object.entries(FAULTS), 5).test('%s', async (_how, faults) => {
    const world = await openWorld({ config: configOf(limit), faults });

    await world.run(prompts(4), { shardLimits: { maxRows: 2 }, rounds: 2 });

    const room = await readRoom(world.store, 'simulator');
    expect(await Array.fromAsync(world.store.list(enqueuedPrefix('simulator')))).toEqual([]);
    expect([room?.holders ?? [], room?.waiting ?? []]).toEqual([[], []]);
    expect(room === undefined).toBe(limit === undefined);
  });
});
