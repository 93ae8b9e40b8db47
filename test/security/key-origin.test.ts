import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { callHandlers } from '../../host/call-handlers.ts';
import { createLocalExecutions } from '../../host/engine.ts';
import { startSimulator } from '../../simulator/index.ts';
import { handler as cancelBatch } from '../../lambdas/cancel-batch.ts';
import { handler as createBatch } from '../../lambdas/create-batch.ts';
import { handler as pollBatch } from '../../lambdas/poll-batch.ts';
import { handler as sendDirect } from '../../lambdas/send-direct.ts';
import { handler as uploadFile } from '../../lambdas/upload-file.ts';
import { jobKey, roundKey, summaryKey } from '../../src/checkpoints/keys.ts';
import { defineConfig, type NightshiftConfig } from '../../src/config/config.ts';
import { deployedProviders } from '../../src/config/deployed-providers.ts';
import { resolveProfile } from '../../src/config/resolve-profile.ts';
import { startJob } from '../../src/job-control/start-job.ts';
import type { Job } from '../../src/checkpoints/job.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import type { ProviderSettings } from '../../src/provider/batch-provider.ts';
import { builtInDialect } from '../../src/provider/dialects/dialects.ts';
import { edgesFromEnvironment } from '../../src/runtime/environment.ts';
import { NO_EVENT_BUS } from '../../src/runtime/channels.ts';
import { providerEdgesFromEnvironment } from '../../src/runtime/provider-edges.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { requireJson, writeJson } from '../../src/store/json.ts';
import { HeldExecutions } from '../support/held-executions.ts';
import { stackMachine } from '../lib/synthesized-stack.ts';
import { openSecrets } from '../runtime/secrets.ts';
import { startRecorder, type Recorder } from './recorder.ts';
import { openTempFolder } from '../support/temp-folder.ts';

const KEY = 'sk-mel-the-key-of-the-house-0123456789';

/** The functions as they are deployed with a configuration, with a folder as the bucket, and the server of an attacker. */
async function deploy(config: NightshiftConfig = defineConfig({ profiles: { default: { model: 'm' } } })) {
  const folder = await openTempFolder();
  const attacker = await startRecorder();
  const secrets = openSecrets();
  const arn = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:keys';
  secrets.put(arn, JSON.stringify({ melious: KEY, other: KEY }));
  const env = { STORE: pathToFileURL(folder).href, SECRET_ARN: arn };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const providers = JSON.stringify(deployedProviders(config));
  await writeFile(join(folder, 'providers.json'), providers);
  vi.stubEnv('CONFIG_FOLDER', `${pathToFileURL(folder).href}/`);
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  onTestFinished(() => void vi.unstubAllEnvs());
  return { store: createFolderStore(folder), attacker, secrets, config, env };
}

type Deployed = Awaited<ReturnType<typeof deploy>>;

const melious = (baseUrl: string): ProviderSettings => ({
  name: 'melious',
  baseUrl,
  dialect: builtInDialect('melious'),
});

/** Writes a job and its rows into the bucket, as an attacker with access to the bucket can. */
async function putJob({ store, config }: Deployed, provider: ProviderSettings): Promise<void> {
  const profile = { ...resolveProfile(config, 'default'), provider, directUpTo: 50 };
  const job: Job = { jobId: 'job', inputs: [], profile, createdAt: '2026-11-01T00:00:00.000Z' };
  await writeJson(store, jobKey('job'), job);
  const row = { custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body: { model: 'm' } };
  const line = `${JSON.stringify(row)}\n`;
  await writeJson(store, 'jobs/job/plan.json', {
    rows: 1,
    invalid: 0,
    inputTokens: 1,
    shards: [{ rows: 1, invalid: 0, requests: 1, bytes: line.length }],
    problems: [],
  });
  await store.put(roundKey({ jobId: 'job', shard: 0 }, 1, 'requests.jsonl'), line);
}

const polling = { minSeconds: 1, maxSeconds: 1, fraction: 1, graceSeconds: 1 };
const context = { jobId: 'job', shard: 0, polling, round: 1, lastRound: 4 };
const batch = {
  ...context,
  fileId: 'file',
  batchId: 'batch',
  createdAt: 0,
  deadline: 2_000_000_000,
  waitSeconds: 1,
  nextPollAt: 0,
  polls: 0,
  notFound: 0,
};
const direct = { ...context, direct: true as const, createdAt: 0, polls: 0, stalled: 0 };

/** The functions that read the key, each called with an event that a caller of the function can send. */
const STEPS: Readonly<Record<string, (provider: ProviderSettings) => Promise<unknown>>> = {
  'upload-file': (provider) => uploadFile({ ...context, provider, lastRound: 4 }),
  'create-batch': (provider) => createBatch({ ...context, provider, fileId: 'file' }),
  'poll-batch': (provider) => pollBatch({ ...batch, provider }),
  'cancel-batch': (provider) => cancelBatch({ ...batch, provider }),
  'send-direct': (provider) => sendDirect({ ...direct, provider }),
};

/** After a failed cancel, the job polls the batch again, because it may still run. */
const NOT_CANCELLED = { cancelFailures: 1 };

function expectNothingSent({ attacker, secrets }: Pick<Deployed, 'attacker' | 'secrets'>): void {
  expect(attacker.requests).toEqual([]);
  expect(secrets.reads()).toBe(0);
}

describe.each(Object.entries(STEPS))('the function %s', (step, call) => {
  test('sends nothing to a URL from its event, and does not read the key', async () => {
    const deployed = await deploy();
    const provider = melious(`${deployed.attacker.url}/v1`);
    await putJob(deployed, provider);
    if (step === 'upload-file') await writeJson(deployed.store, jobKey('job'), await batchJob(deployed));

    if (step === 'cancel-batch') expect(await call(provider)).toMatchObject(NOT_CANCELLED);
    else
      await expect(call(provider)).rejects.toMatchObject({
        name: 'ProviderDenied',
        message: expect.stringMatching(/melious.*nightshift\.config\.ts.*\[PROVIDER_CHANGED\]$/s) as string,
      });

    expectNothingSent(deployed);
  });

  test.each(['other', 'toString', '__proto__', ''])(
    'does not know a provider "%s" that only its event names',
    async (name) => {
      const deployed = await deploy();
      const provider = { ...melious(`${deployed.attacker.url}/v1`), name };
      await putJob(deployed, provider);
      if (step === 'upload-file') await writeJson(deployed.store, jobKey('job'), await batchJob(deployed));

      if (step === 'cancel-batch') expect(await call(provider)).toMatchObject(NOT_CANCELLED);
      else
        await expect(call(provider)).rejects.toMatchObject({
          name: 'ProviderDenied',
          message: expect.stringContaining('[PROVIDER_UNKNOWN]') as string,
        });

      expectNothingSent(deployed);
    },
  );
});

/** The same job, sent as a batch. */
async function batchJob({ store }: Deployed): Promise<Job> {
  const job = await requireJson<Job>(store, jobKey('job'));
  return { ...job, profile: { ...job.profile, directUpTo: undefined } };
}

describe('a key', () => {
  test.each([
    ['another path of the same host', { baseUrl: 'https://api.melious.ai/v2' }],
    ['another port', { baseUrl: 'https://api.melious.ai:8443/v1' }],
    ['plain http', { baseUrl: 'http://api.melious.ai/v1' }],
    ['a name and a password', { baseUrl: 'https://api.melious.ai@evil.example/v1' }],
    ['no address', { baseUrl: 'not an address' }],
    ['another header for the key', { dialect: { ...builtInDialect('melious'), auth: 'x-api-key' as const } }],
  ])('is not read for a job that records %s', async (_, change) => {
    const deployed = await deploy();

    await expect(
      pollBatch({ ...batch, provider: { ...melious('https://api.melious.ai/v1'), ...change } }),
    ).rejects.toMatchObject({ name: 'ProviderDenied' });

    expectNothingSent(deployed);
  });

  test('is sent to the deployed URL', async () => {
    const provider = await startRecorder((_, response) =>
      response.end(JSON.stringify({ id: 'batch', status: 'in_progress' })),
    );
    const baseUrl = `${provider.url}/v1`;
    await deploy({ providers: { melious: { baseUrl } }, profiles: { default: {} } });

    await expect(pollBatch({ ...batch, provider: melious(baseUrl) })).resolves.toMatchObject({
      phase: 'running',
    });

    expect(provider.requests).toEqual(['GET /v1/batches/batch']);
    expect(provider.received()).toContain(`Bearer ${KEY}`);
  });

  test('is not sent elsewhere by the environment, which may only name a simulator on this machine', async () => {
    const deployed = await deploy();
    vi.stubEnv('PROVIDER_BASE_URLS', JSON.stringify({ melious: 'http://192.0.2.1/v1' }));
    vi.stubEnv('MELIOUS_API_KEY', KEY);

    await expect(pollBatch({ ...batch, provider: melious('http://192.0.2.1/v1') })).rejects.toMatchObject({
      name: 'ProviderDenied',
    });

    expectNothingSent(deployed);
  });
});

describe('a job in the bucket', () => {
  /** Runs the state machine with the deployed edges. The job is changed after it was written. */
  async function runChanged(change: (job: Job, attacker: Recorder) => Job) {
    const simulator = await startSimulator({ apiKey: KEY });
    onTestFinished(() => simulator.close());
    const config = defineConfig({
      providers: { mine: { dialect: 'melious', baseUrl: simulator.url } },
      profiles: { default: { provider: 'mine', model: 'm' } },
    });
    const deployed = await deploy(config);
    vi.stubEnv('MINE_API_KEY', KEY);
    const { definition, functions } = stackMachine();
    const edges = providerEdgesFromEnvironment(process.env);
    const executions = createLocalExecutions({
      definition: definition as StateMachineDefinition,
      functions,
      instant: true,
      callStep: callHandlers({ ...edges, log: () => undefined, channels: [NO_EVENT_BUS] }),
    });
    const { store } = deployed;
    await store.put('input/a.jsonl', '{"prompt":"secret row"}\n');
    const startEdges = {
      ...edgesFromEnvironment(process.env),
      log: () => undefined,
      config,
      executions: new HeldExecutions(),
    };
    const { jobId } = await startJob(startEdges, {
      jobId: 'job',
      profile: 'default',
      inputs: () => Promise.resolve([{ key: 'input/a.jsonl' }]),
    });
    await writeJson(
      store,
      jobKey(jobId),
      change(await requireJson<Job>(store, jobKey(jobId)), deployed.attacker),
    );
    await executions.start(jobId, { jobId });
    await executions.result(jobId).catch(() => undefined);
    return { ...deployed, simulator, summary: await requireJson<Summary>(store, summaryKey(jobId)) };
  }

  const withProvider = (job: Job, provider: Partial<ProviderSettings>): Job => ({
    ...job,
    profile: { ...job.profile, provider: { ...job.profile.provider, ...provider } },
  });

  test('that names another URL stops with advice and sends neither key nor rows', async () => {
    const { attacker, simulator, summary } = await runChanged((job, { url }) =>
      withProvider(job, { baseUrl: `${url}/v1` }),
    );

    expect(summary).toMatchObject({
      status: 'failed',
      failure: { name: 'ProviderDenied', code: 'PROVIDER_CHANGED' },
    });
    expect(summary.failure?.message).toMatch(/Set providers\.mine back .* and resume the job/);
    expect(attacker.requests).toEqual([]);
    expect(simulator.requests()).toEqual([]);
  });

  test('with direct rows sends none to an endpoint with other effects', async () => {
    const { simulator, summary } = await runChanged((job) => ({
      ...job,
      profile: { ...job.profile, endpoint: '/v1/../key/generate', directUpTo: 10 },
    }));

    expect(summary.counts.ok).toBe(0);
    expect(simulator.requests()).toEqual([]);
  });
});
