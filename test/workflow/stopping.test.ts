import { describe, expect, test } from 'vitest';
import { stopKey } from '../../src/checkpoints/keys.ts';
import { writeJson } from '../../src/store/json.ts';
import { openWorld, prompts } from './world.ts';

const CANCELLED = { failure: { name: 'JobCancelled', code: 'CANCELLED', message: 'The job was cancelled.' } };

describe('a job that is cancelled', () => {
  test.each(['build-requests', 'upload-file', 'create-batch', 'poll-batch', 'collect-results'])(
    'while %s runs reports every row, and leaves no batch open',
    async (during) => {
      const world = await openWorld({
        wrap: (call) => async (step, event) => {
          if (step === during) {
            const { jobId } = event as { jobId: string };
            await writeJson(world.store, stopKey(jobId), CANCELLED);
          }
          return call(step, event);
        },
      });

      const { summary, results } = await world.run(prompts(20));

      expect(results).toHaveLength(20);
      expect(summary.status).toMatch(/^(cancelled|succeeded)$/);
      expect(world.simulator.batches().filter(({ end }) => end === undefined)).toEqual([]);
      expect(world.simulator.files()).toEqual([]);
    },
  );

  test('while its batch is created has that batch cancelled', async () => {
    const world = await openWorld({
      stages: { queuedSeconds: 3_600, runningSeconds: 3_600, finalizingSeconds: 1 },
      wrap: (call) => async (step, event) => {
        const left = await call(step, event);
        // The job is stopped as late as possible: the batch exists when the next step reads the stop.
        if (step === 'upload-file') {
          const { jobId } = event as { jobId: string };
          setTimeout(() => void writeJson(world.store, stopKey(jobId), CANCELLED), 0);
        }
        return left;
      },
    });

    const { summary, results } = await world.run(prompts(5));

    expect(summary).toMatchObject({ status: 'cancelled', counts: { exhausted: 5 } });
    expect(results.every((line) => !line.ok && line.retry)).toBe(true);
    expect(world.simulator.batches().filter(({ end }) => end?.ending !== 'cancelled')).toEqual([]);
  });
});

test('a provider with slots for two batches never has three, and every shard gets a slot', async () => {
  let most = 0;
  const world = await openWorld({
    config: {
      providers: {
        simulator: {
          dialect: 'melious',
          baseUrl: 'http://127.0.0.1:9/v1',
          maxBatches: 2,
          polling: { minSeconds: 1 },
        },
      },
      profiles: { default: { provider: 'simulator', model: 'glm-4.7:batch' } },
    },
    wrap: (call) => async (step, event) => {
      const left = await call(step, event);
      const open = world.simulator.batches().filter(({ end }) => end === undefined).length;
      most = Math.max(most, open);
      return left;
    },
  });

  const { summary } = await world.run(prompts(14), { shardLimits: { maxRows: 2 } });

  expect(summary).toMatchObject({ status: 'succeeded', shards: 7, counts: { ok: 14 } });
  expect(most).toBeLessThanOrEqual(2);
  expect([...world.simulator.createsPerKey().values()].every((creates) => creates === 1)).toBe(true);
});

test('a shard that is too large for the provider is sent in parts, and a row that is too large alone fails alone', async () => {
  const world = await openWorld({ maxFileBytes: 700 });

  const { summary, results } = await world.run(
    prompts(9, (n) => (n === 4 ? 'x'.repeat(2_000) : `prompt ${n}`)),
    { rounds: 2 },
  );

  expect(summary).toMatchObject({ status: 'partial', counts: { ok: 8, failed: 1 } });
  expect(results[4]).toMatchObject({ ok: false, outcome: 'failed', error: { code: 'file_too_large' } });
  expect(world.simulator.files()).toEqual([]);
});
