import { tmpdir } from 'node:os';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { NightshiftConfig } from '../../src/config/config.ts';
import { deployedProviders } from '../../src/config/deployed-providers.ts';
import { resolveProfile } from '../../src/config/resolve-profile.ts';
import { WorkerSteps } from '../../host/worker-steps.ts';
import { tableOf } from '../support/exhaustive.ts';
import { serve } from '../support/serve.ts';
import { openTempFolder } from '../support/temp-folder.ts';

/** A thread with the protocol of the step thread, and with steps that misbehave. */
const MISBEHAVING = `
import { parentPort } from 'node:worker_threads';
let abort = () => undefined;
const STEPS = {
  echo: (event) => event,
  later: (event) => new Promise((resolve) => setTimeout(resolve, 5, event)),
  spin: () => { for (;;); },
  backtrack: () => /^(a+)+$/.test('a'.repeat(60) + 'b'),
  never: () => new Promise(() => setInterval(() => undefined, 1000)),
  provider: () => new Promise((_, reject) => { abort = () => reject(new Error('The call was aborted.')); }),
  fail: () => { throw Object.assign(new Error('No such batch.'), { name: 'ProviderNotFound' }); },
  crash: () => { setTimeout(() => { throw new Error('Lost.'); }); return new Promise(() => undefined); },
};
parentPort.on('message', async ({ kind, id, step, event }) => {
  if (kind === 'open') return;
  if (kind === 'abandon') { abort(); return; }
  if (kind === 'ping') { parentPort.postMessage({ kind: 'pong' }); return; }
  try {
    parentPort.postMessage({ kind: 'left', id, output: await STEPS[step](event) });
  } catch ({ name, message }) {
    parentPort.postMessage({ kind: 'failed', id, name, message });
  }
});
`;

function open(): WorkerSteps {
  const module = new URL(`data:text/javascript,${encodeURIComponent(MISBEHAVING)}`);
  const steps = new WorkerSteps({
    log: () => undefined,
    folder: tmpdir(),
    providers: {},
    stuckMs: 1_200,
    graceMs: 50,
    module,
  });
  onTestFinished(() => steps[Symbol.asyncDispose]());
  return steps;
}

const EVENT = { jobId: 'job-1', shard: 3 };

describe('steps in a separate thread', () => {
  test('return and fail as they do in the process itself', async () => {
    const steps = open();

    expect(await steps.call('echo', EVENT)).toEqual(EVENT);
    await expect(steps.call('fail', EVENT)).rejects.toMatchObject({
      name: 'ProviderNotFound',
      message: 'No such batch.',
    });
  });

  tableOf(['spin', 'backtrack'], 1).test(
    'that compute without end (%s) are ended, and only they fail; the host continues meanwhile',
    async (step) => {
      const steps = open();
      let ticks = 0;
      const ticking = setInterval(() => (ticks += 1), 10);
      onTestFinished(() => clearInterval(ticking));

      const stuck = steps.call(step, EVENT);
      const others = [steps.call('later', { n: 1 }), steps.call('later', { n: 2 })];

      await expect(stuck).rejects.toMatchObject({
        name: 'StepStuck',
        message: expect.stringContaining(`The step ${step} of job job-1, shard 3 computed`) as string,
      });
      expect(await Promise.all(others)).toEqual([{ n: 1 }, { n: 2 }]);
      expect(await steps.call('echo', EVENT)).toEqual(EVENT);
      expect(ticks).toBeGreaterThan(20);
    },
  );

  test('that end their thread fail, and the next step gets a new thread', async () => {
    const steps = open();

    await expect(steps.call('crash', EVENT)).rejects.toMatchObject({
      name: 'StepStuck',
      message: expect.stringContaining('Lost.') as string,
    });
    expect(await steps.call('echo', EVENT)).toEqual(EVENT);
  });

  tableOf(['spin', 'never'], 1).test('that nobody waits for any more (%s) are ended soon', async (step) => {
    const steps = open();
    expect(await steps.call('echo', EVENT)).toEqual(EVENT);
    const abandoned = steps.call(step, EVENT).then(String, String);

    await steps.abandon();

    expect(await abandoned).toContain(`Step ${step} was ended: its host is stopping.`);
    expect(await steps.call('echo', EVENT)).toEqual(EVENT);
  });

  test('whose call to the provider hangs have it aborted, and end by themselves', async () => {
    const steps = open();
    const abandoned = steps.call('provider', EVENT).then(String, String);

    await steps.abandon();

    expect(await abandoned).toBe('Error: The call was aborted.');
  });
});

/** A provider that never answers. The test sees when the connection closes. */
async function openSilent() {
  const asked = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const url = await serve((request) => {
    asked.resolve();
    request.on('close', () => closed.resolve());
  });
  return { url: `${url}/v1`, asked: asked.promise, closed: closed.promise };
}

test('an abandoned step fails with its call to the provider, and the connection is closed', async () => {
  const folder = await openTempFolder();
  const { url, asked, closed } = await openSilent();
  const environment = {
    SIMULATOR_API_KEY: 'a-key-of-the-tests',
    PROVIDER_BASE_URLS: JSON.stringify({ simulator: url }),
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const config: NightshiftConfig = { profiles: { default: { provider: 'simulator', model: 'm' } } };
  const steps = new WorkerSteps({
    log: () => undefined,
    folder,
    providers: deployedProviders(config),
    graceMs: 50,
  });
  onTestFinished(() => steps[Symbol.asyncDispose]());
  const { provider } = resolveProfile(config, 'default');
  const poll = { jobId: 'job-1', shard: 0, round: 1, batchId: 'batch-1', provider };
  const abandoned = steps.call('cancel-batch', poll).then(String, String);
  await asked;

  await steps.abandon();

  expect(await abandoned).not.toContain('was ended');
  await closed;
});
