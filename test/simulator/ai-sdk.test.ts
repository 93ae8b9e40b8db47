import { createOpenAI } from '@ai-sdk/openai';
import {
  experimental_cancelBatch as cancelBatch,
  experimental_getBatchResults as getBatchResults,
  experimental_getBatchStatus as getBatchStatus,
  experimental_listBatches as listBatches,
  experimental_startBatch as startBatch,
} from 'ai';
import { expect, onTestFinished, test } from 'vitest';
import { startSimulator, type SimulatorOptions } from '../../simulator/index.ts';

/** Vercel's AI SDK with the simulator in place of OpenAI. Its batches use `/v1/responses`. */

async function open(options: SimulatorOptions = {}) {
  let now = Date.UTC(2026, 10, 1);
  const simulator = await startSimulator({
    dialect: 'openai',
    apiKey: 'sk-of-the-sdk',
    clock: { now: () => now },
    ...options,
  });
  onTestFinished(() => simulator.close());
  const provider = createOpenAI({ apiKey: 'sk-of-the-sdk', baseURL: simulator.url });
  return { simulator, provider, pass: (seconds: number) => (now += seconds * 1_000) };
}

const requests = ['a', 'b', 'c'].map((id) => ({
  type: 'text' as const,
  id,
  model: 'gpt-test',
  prompt: `echo:answer ${id}`,
}));

test('Vercel’s AI SDK starts a batch, sees its status and reads its results', async () => {
  const { simulator, provider, pass } = await open({
    faults: [{ at: 'row', ids: ['b'], action: { kind: 'error', code: 'server_error', status: 500 } }],
  });

  const batch = await startBatch({ provider, requests });
  expect(batch).toMatchObject({ status: 'pending' });
  expect(simulator.files()[0]?.expiresAt).toBeDefined();
  pass(60);
  const status = await getBatchStatus({ provider, batch });
  expect(status).toMatchObject({ status: 'completed' });

  const results = new Map<string, unknown>();
  for await (const result of getBatchResults({ provider, batch })) results.set(result.id, result);

  expect(results.get('a')).toMatchObject({ text: 'answer a' });
  expect(results.get('c')).toMatchObject({ text: 'answer c' });
  expect(results.get('b')).toMatchObject({ error: { message: expect.stringContaining('server_error') } });
});

test('Vercel’s AI SDK lists batches and cancels one', async () => {
  const { provider, pass } = await open();
  const batch = await startBatch({ provider, requests });

  await cancelBatch({ provider, batch });
  pass(60);

  const { batches } = await listBatches({ provider });
  // The SDK reports a cancelled batch as failed, but its rows as cancelled.
  expect(batches).toMatchObject([{ id: batch.id, status: 'failed' }]);
  const results = await Array.fromAsync(getBatchResults({ provider, batch }));
  expect(results.map(({ id, status }) => [id, status])).toHaveLength(3);
  expect(results.every(({ status }) => status === 'cancelled')).toBe(true);
});
