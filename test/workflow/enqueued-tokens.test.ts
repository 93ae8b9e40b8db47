import { describe, expect, test } from 'vitest';
import type { NightshiftConfig } from '../../src/config/config.ts';
import type { EnqueuedLimit } from '../../simulator/enqueued-tokens.ts';
import { openWorld, prompts, type Ended, type World } from './world.ts';

const STAGES = { queuedSeconds: 60, runningSeconds: 1_800, finalizingSeconds: 1 };

/** Words that a tokenizer counts as one each, and the simulator as about as many. */
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

/** Jobs of four shards each, all at once. */
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

/** The most tokens that were ever queued or running, by the simulator's own count. */
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

/** Creates that were refused, and batches that failed for too many tokens. */
function refusals({ simulator }: World): number {
  const creates = simulator.requests().filter(({ status }) => status === 429).length;
  return creates + simulator.batches().filter(({ errors }) => errors.length > 0).length;
}

const LIMIT = 600;

const HOW: readonly EnqueuedLimit['refuses'][] = ['create', 'batch'];

describe.each(HOW)('a provider that refuses the %s', (refuses) => {
  test('refuses nothing while shards of several jobs wait for a limit that is known', async () => {
    const world = await openWorld({
      config: configOf(LIMIT),
      stages: STAGES,
      enqueuedTokens: { tokens: LIMIT, refuses },
    });

    const ended = await runJobs(world, 3);

    expect(ended.map(({ summary }) => summary.status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(refusals(world)).toBe(0);
    expect(mostEnqueued(world)).toBeGreaterThan(LIMIT / 3);
    expect(mostEnqueued(world)).toBeLessThanOrEqual(LIMIT);
    expect([...world.simulator.createsPerKey().values()].every((creates) => creates === 1)).toBe(true);
  });

  test('refuses a few batches until its limit is learned', async () => {
    const world = await openWorld({
      config: configOf(),
      stages: STAGES,
      enqueuedTokens: { tokens: LIMIT, refuses },
    });

    const ended = await runJobs(world, 3);

    expect(ended.map(({ summary }) => summary.status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(mostEnqueued(world)).toBeLessThanOrEqual(LIMIT);
    // Those that came together, before one of them was refused: none is refused again.
    expect(refusals(world)).toBeGreaterThan(0);
    expect(refusals(world)).toBeLessThan(12);
  });
});
