import { expect, test } from 'vitest';
import { startRecorder } from '../security/recorder.ts';
import { tableOf } from '../support/exhaustive.ts';
import { startScriptedProvider } from './scripted-provider.ts';
import { openWorld } from './world.ts';

const PROFILE = { provider: 'openai-simulator', model: 'm' };
const IDS = ['a', 'b'];
const ROWS = IDS.map((id) => JSON.stringify({ custom_id: id, body: { messages: [], user: id } })).join('\n');
const SCRIPT = Object.fromEntries(
  IDS.map((id) => [id, { body: `{"choices":[{"message":{"content":"to ${id}"}}]}` }]),
);

const STATUSES = ['JobStatus.COMPLETED', 'BATCH_STATUS_COMPLETED', 'done', 'SUCCESS'];

tableOf(STATUSES, 2).test('a batch that ends as %s is collected', async (doneStatus) => {
  const { url, asked } = await startScriptedProvider(SCRIPT, { doneStatus });
  const world = await openWorld({ providerUrl: url });

  const { summary } = await world.run(ROWS, PROFILE);

  expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 2 } });
  expect(summary.seconds).toBeLessThan(3_600);
  expect([...asked.values()]).toEqual([1, 1]);
});

test('a batch with an unknown status is cancelled at its deadline', async () => {
  const { url } = await startScriptedProvider(SCRIPT, { doneStatus: 'warming-up', hasFiles: false });
  const world = await openWorld({ providerUrl: url });

  const { summary } = await world.run(ROWS, PROFILE);

  expect(summary).toMatchObject({
    status: 'failed',
    counts: { exhausted: 2 },
    failure: { code: 'BATCH_OPEN' },
  });
  expect(summary.failure?.message).toContain('warming-up');
});

test('a provider that redirects uploads stops the job, which may be resumed', async () => {
  const provider = await startRecorder(
    (_, response) => void response.writeHead(307, { location: 'https://other.example/v1/files' }).end(),
  );
  const world = await openWorld({ providerUrl: `${provider.url}/v1` });

  const { summary } = await world.run(ROWS, PROFILE);

  expect(summary).toMatchObject({
    status: 'failed',
    counts: { exhausted: 2, failed: 0 },
    failure: { name: 'ProviderMoved', code: 'REDIRECTED' },
  });
  expect(summary.failure?.message).toContain('307, a redirect to https://other.example.');
  expect(summary.seconds).toBeLessThan(300);
});
