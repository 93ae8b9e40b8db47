import { describe, expect, test } from 'vitest';
import type { Executions } from '../../src/executions/executions.ts';
import { stopKey, summaryKey } from '../../src/checkpoints/keys.ts';
import { readStatus, type JobStatus } from '../../src/status/job-status.ts';
import { writeJson } from '../../src/store/json.ts';
import { openWorld, prompts, type World } from './world.ts';

const callsOf = ({ simulator }: World): number =>
  simulator.requests().filter(({ path, status }) => path === '/v1/chat/completions' && status === 200).length;

const uploadsOf = ({ simulator }: World): number =>
  simulator.requests().filter(({ method, path }) => method === 'POST' && path === '/v1/files').length;

const RUNNING: Executions = {
  look: (name) => Promise.resolve(/-r\d+$/.test(name) ? undefined : 'running'),
  start: () => Promise.resolve('taken'),
  stop: () => Promise.resolve(),
};

const CANCELLED = { failure: { name: 'JobCancelled', code: 'CANCELLED', message: 'The job was cancelled.' } };

/** The error that Step Functions reports for a Lambda that ended without a result. */
class LambdaDied extends Error {
  override readonly name = 'Lambda.Unknown';
}

describe('a small job', () => {
  test('is sent row by row, with the same results and files as a batch', async () => {
    const batch = await openWorld();
    const direct = await openWorld();

    const expected = await batch.run(prompts(7, (n) => `echo:answer ${n}`));
    const ended = await direct.run(
      prompts(7, (n) => `echo:answer ${n}`),
      { small: 'direct' },
    );

    const told = ({ results }: typeof ended): unknown[] =>
      results.map((line) => [line.custom_id, line.ok && line.text, line.round]);
    expect(told(ended)).toEqual(told(expected));
    expect(ended.summary).toMatchObject({ status: 'succeeded', counts: { ok: 7 }, rounds: 1, sentDirect: 7 });
    expect(expected.summary).not.toHaveProperty('sentDirect');
    expect(ended.summary.usage.inputTokens).toBe(expected.summary.usage.inputTokens);
    expect(uploadsOf(direct)).toBe(0);
    expect(direct.simulator.batches()).toEqual([]);
    expect(callsOf(direct)).toBe(7);
  });

  test('is sent direct up to the threshold, and never without the option', async () => {
    const at = await openWorld();
    const without = await openWorld();

    await at.run(prompts(3), { small: 'direct', smallRows: 2 });
    await without.run(prompts(3), { smallRows: 4 });

    expect([callsOf(at), at.simulator.batches().length]).toEqual([0, 1]);
    expect([callsOf(without), without.simulator.batches().length]).toEqual([0, 1]);
  });

  test('keeps the limit of the provider, and waits in the machine for the next window', async () => {
    const world = await openWorld({ realtimeLimit: { requests: 5, perSeconds: 60 } });

    const { summary } = await world.run(prompts(12), { small: 'direct' });

    expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 12 } });
    expect(summary.seconds).toBeGreaterThanOrEqual(120);
    expect(callsOf(world)).toBe(12);
    expect(world.simulator.requests().filter(({ status }) => status === 429)).toEqual([]);
    expect(
      world.events.filter(({ state, type }) => state === 'Wait for rate limit' && type === 'StateExited'),
    ).toHaveLength(2);
  });

  test('retries rows that the provider could not accept, as late as it says', async () => {
    const world = await openWorld({
      faults: [
        { at: 'realtime', action: { kind: 'status', status: 429, retryAfter: 7 } },
        { at: 'realtime', action: { kind: 'status', status: 503 } },
        { at: 'realtime', action: { kind: 'reset' } },
      ],
    });

    const { summary } = await world.run(prompts(4), { small: 'direct' });

    expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 4 } });
    expect(summary.seconds).toBeGreaterThanOrEqual(7);
    expect(callsOf(world)).toBe(4);
  });

  test('ends if the provider asks to wait for a day and accepts nothing afterwards', async () => {
    const world = await openWorld();
    world.simulator.addFaults({
      at: 'realtime',
      times: 10_000,
      action: { kind: 'status', status: 429, retryAfter: 86_400 },
    });

    const { summary, results } = await world.run(prompts(8), { small: 'direct', rounds: 1 });

    expect(summary).toMatchObject({ status: 'partial', counts: { exhausted: 8 } });
    expect(summary.seconds).toBeLessThan(2 * 86_400);
    expect(JSON.stringify(results[0])).toContain('asks to wait another 1d (Retry-After)');
  });

  test('reports a row that can only fail, and sends the others', async () => {
    const world = await openWorld({
      faults: [{ at: 'realtime', action: { kind: 'status', status: 400, code: 'VALIDATION_4001' } }],
    });

    const { summary, results } = await world.run(prompts(3), { small: 'direct' });

    expect(summary).toMatchObject({ status: 'partial', counts: { ok: 2, failed: 1 } });
    expect(results[0]).toMatchObject({ outcome: 'failed', error: { code: 'VALIDATION_4001' } });
  });

  test('stops if the account is denied, and continues if it is started again', async () => {
    const world = await openWorld();
    world.simulator.addFaults({
      at: 'realtime',
      action: { kind: 'status', status: 402, code: 'BILLING_2001' },
    });

    const stopped = await world.run(prompts(5), { small: 'direct' });
    expect(stopped.summary).toMatchObject({ status: 'failed', counts: { exhausted: 5 } });
    expect(callsOf(world)).toBe(0);

    const resumed = await world.run(prompts(5), { small: 'direct' });
    expect(resumed.summary).toMatchObject({ status: 'succeeded', counts: { ok: 5 } });
    expect(callsOf(world)).toBe(5);
    expect(world.simulator.batches()).toEqual([]);
  });

  test('continues if one row is denied (403), which fails alone', async () => {
    const world = await openWorld({
      dialect: 'openai',
      faults: [{ at: 'realtime', action: { kind: 'status', status: 403, code: 'forbidden' } }],
    });

    const { summary } = await world.run(prompts(5), { small: 'direct', provider: 'openai-simulator' });

    expect(summary).toMatchObject({ status: 'partial', counts: { ok: 4, failed: 1 } });
  });

  test('stops if every row is denied (403), and sends them all if it is started again', async () => {
    const world = await openWorld({
      dialect: 'openai',
      faults: [{ at: 'realtime', action: { kind: 'status', status: 403, code: 'forbidden' }, times: 5 }],
    });
    const options = { small: 'direct', provider: 'openai-simulator' } as const;

    const stopped = await world.run(prompts(5), options);
    const resumed = await world.run(prompts(5), options);

    expect(stopped.summary).toMatchObject({ status: 'failed', counts: { exhausted: 5 } });
    expect(stopped.summary.failure).toMatchObject({ name: 'ProviderDenied', code: 'forbidden' });
    expect(resumed.summary).toMatchObject({ status: 'succeeded', counts: { ok: 5 } });
  });

  test('sends a row again whose response was lost, and has one result for it', async () => {
    const world = await openWorld({
      faults: [{ at: 'realtime', action: { kind: 'reset', when: 'after' } }],
    });

    const { summary } = await world.run(prompts(3), { small: 'direct' });

    expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 3 }, unexplained: { duplicates: 0 } });
  });

  test('shows its progress', async () => {
    const seen: (JobStatus | undefined)[] = [];
    const world = await openWorld({
      realtimeLimit: { requests: 4, perSeconds: 60 },
      wrap: (call) => async (step, event) => {
        const left = await call(step, event);
        if (step === 'send-direct')
          seen.push(
            await readStatus({ store: world.store, executions: RUNNING }, (event as { jobId: string }).jobId),
          );
        return left;
      },
    });

    await world.run(prompts(10), { small: 'direct' });

    expect(seen[0]?.shards).toMatchObject({ running: 1, waiting: 0 });
    expect(seen[0]?.openShards[0]?.progress).toMatchObject({ status: 'direct', round: 1 });
    const answered = seen.map((status) => status?.openShards[0]?.progress?.succeeded ?? 0);
    expect(answered[0]).toBeGreaterThan(0);
    expect(answered.at(-1)).toBe(10);
  });

  test('that is cancelled sends nothing more, and continues there after a resume', async () => {
    let cancelled = false;
    const world = await openWorld({
      realtimeLimit: { requests: 4, perSeconds: 60 },
      wrap: (call) => async (step, event) => {
        const left = await call(step, event);
        if (step === 'send-direct' && !cancelled) {
          cancelled = true;
          await writeJson(world.store, stopKey((event as { jobId: string }).jobId), CANCELLED);
        }
        return left;
      },
    });

    const stopped = await world.run(prompts(12), { small: 'direct' });
    const sent = callsOf(world);
    expect(stopped.summary.status).toBe('cancelled');
    expect(stopped.summary.counts).toMatchObject({ ok: sent, exhausted: 12 - sent });
    expect(sent).toBeLessThanOrEqual(4);
    expect(stopped.results).toHaveLength(12);

    // A person resumes the job.
    await world.store.delete(stopKey(stopped.jobId));
    await world.store.delete(summaryKey(stopped.jobId));
    const resumed = await world.run(prompts(12), { small: 'direct' });
    expect(resumed.summary).toMatchObject({ status: 'succeeded', counts: { ok: 12 }, sentDirect: 12 });
    expect(callsOf(world)).toBe(12);
  });

  test.each(['mistral', 'together', 'anthropic', 'openai', 'azure'] as const)(
    'of the dialect %s has the answers that its batch would have',
    async (dialect) => {
      const config = {
        providers: { theirs: { dialect, baseUrl: 'http://127.0.0.1:9/v1' } },
        profiles: { default: { provider: 'theirs', model: 'm', system: 'Be brief.' } },
      };
      const batch = await openWorld({ dialect, config });
      const direct = await openWorld({ dialect, config });
      const input = prompts(5, (n) => `echo:answer ${n}`);

      const expected = await batch.run(input);
      const ended = await direct.run(input, { small: 'direct' });

      expect(ended.error).toBeUndefined();
      expect(direct.simulator.batches()).toEqual([]);
      const told = ({ results }: typeof ended): unknown[] =>
        results.map((line) => [line.custom_id, line.ok && [line.text, line.finish_reason, line.model]]);
      expect(told(ended)).toEqual(told(expected));
      expect(ended.summary).toMatchObject({ status: 'succeeded', counts: { ok: 5 }, sentDirect: 5 });
      expect(ended.summary.usage.outputTokens).toBe(expected.summary.usage.outputTokens);
    },
  );

  test.each([
    ['mistral', 429, 'rate_limited'],
    ['anthropic', 529, 'overloaded_error'],
  ] as const)('of the dialect %s retries after %i', async (dialect, status, code) => {
    const world = await openWorld({
      dialect,
      config: {
        providers: { theirs: { dialect, baseUrl: 'http://127.0.0.1:9/v1' } },
        profiles: { default: { provider: 'theirs', model: 'm' } },
      },
      faults: [{ at: 'realtime', action: { kind: 'status', status, code } }],
    });

    const { summary } = await world.run(prompts(2), { small: 'direct' });

    expect(summary).toMatchObject({ status: 'succeeded', rounds: 1, counts: { ok: 2 } });
  });

  test('sends nothing twice if a Lambda dies halfway', async () => {
    let died = 0;
    const world = await openWorld({
      realtimeLimit: { requests: 4, perSeconds: 60 },
      wrap: (call) => async (step, event) => {
        const left = await call(step, event);
        // The step took effect, but the state machine did not get its result.
        if (step === 'send-direct' && (died += 1) <= 2) throw new LambdaDied('It died.');
        return left;
      },
    });

    const { summary, results } = await world.run(prompts(10), { small: 'direct' });

    expect(died).toBeGreaterThan(2);
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(summary).toMatchObject({
      status: 'succeeded',
      counts: { ok: 10 },
      unexplained: { duplicates: 0 },
    });
    expect(callsOf(world)).toBe(10);
  });
});

describe('late rows', () => {
  test('of an expired batch are sent row by row, except those that it had finished', async () => {
    const world = await openWorld({
      faults: [{ at: 'batch', nth: 1, action: { kind: 'end', as: 'expired', finished: 0.5 } }],
    });

    const { summary, results } = await world.run(prompts(10), { late: 'direct' });

    expect(summary).toMatchObject({ status: 'succeeded', rounds: 2, counts: { ok: 10 } });
    expect(results.filter(({ round }) => round === 2)).toHaveLength(5);
    expect(summary.sentDirect).toBe(5);
    expect(callsOf(world)).toBe(5);
    expect(world.simulator.batches()).toHaveLength(1);
  });

  test('without rounds left are sent row by row', async () => {
    const world = await openWorld({
      faults: [
        { at: 'row', ids: ['q1'], action: { kind: 'error', code: 'INFERENCE_3103' }, times: 'always' },
      ],
    });

    const { summary, results } = await world.run(prompts(3), { late: 'direct', rounds: 2 });

    expect(summary).toMatchObject({ status: 'succeeded', rounds: 3, counts: { ok: 3 } });
    expect(results[1]).toMatchObject({ ok: true, round: 3 });
    expect(callsOf(world)).toBe(1);
    expect(world.simulator.batches()).toHaveLength(2);
  });

  test('that fail there too are exhausted, and the job ends', async () => {
    const world = await openWorld();

    const { summary, results } = await world.run(
      prompts(2, (n) => `[fail:INFERENCE_3103] ${n}`),
      {
        late: 'direct',
        rounds: 1,
      },
    );

    expect(summary).toMatchObject({ status: 'partial', rounds: 2, counts: { exhausted: 2 } });
    expect(results[0]).toMatchObject({ outcome: 'exhausted', round: 2, error: { code: 'INFERENCE_3103' } });
  });

  test('a provider that accepts nothing for long ends the job with the existing results', async () => {
    const world = await openWorld({ realtimeLimit: { requests: 0, perSeconds: 3_600 } });

    const { summary } = await world.run(prompts(2), { small: 'direct', rounds: 1 });

    expect(summary).toMatchObject({ status: 'partial', counts: { exhausted: 2 } });
    expect(summary.errors).toEqual([
      expect.objectContaining({
        code: 'AUTH_1028',
        message: expect.stringMatching(/^Too many requests\. .*asks to wait another 1h/) as string,
      }),
      expect.objectContaining({ code: 'NOT_SENT' }),
    ]);
  });
});
