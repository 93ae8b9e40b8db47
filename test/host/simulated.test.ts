import { describe, expect, onTestFinished, test } from 'vitest';
import { jobKey } from '../../src/checkpoints/keys.ts';
import { defineConfig } from '../../src/config/config.ts';
import { deployedProviders } from '../../src/config/deployed-providers.ts';
import type { Job } from '../../src/checkpoints/job.ts';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLocalEdges } from '../../host/open-edges.ts';
import { runJob } from '../../host/run-job.ts';
import { CONFIG, openHost, type TestHost } from './open-host.ts';

/** The profiles use real providers, and requests may name others. */
const REAL = defineConfig({
  ...CONFIG,
  profiles: {
    default: { provider: 'melious', model: 'm' },
    classify: { provider: 'groq', model: 'm', prompt: 'Label {{text}}', completionWindow: '7d' },
  },
  requests: { providers: ['openai'] },
});

const jobOf = async ({ folder }: TestHost, jobId: string): Promise<Job> =>
  JSON.parse(await readFile(join(folder, jobKey(jobId)), 'utf8')) as Job;

async function post(url: string, body: object): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
}

describe('a host with simulated answers', () => {
  test('simulates every job, with any provider in its profile or its request', async () => {
    const host = await openHost();
    const { url } = await host.start(undefined, { config: REAL, simulated: true });
    await host.drop('input/classify/a.csv', 'text\necho:1\n');
    const asked = await post(`${url}/jobs`, {
      rows: [{ prompt: 'echo:2' }],
      overrides: { provider: 'openai' },
    });

    expect(asked.status).toBe(202);
    for (const summary of await host.ended(2)) {
      expect(summary).toMatchObject({ status: 'succeeded', simulated: true, provider: 'simulator' });
      expect((await jobOf(host, summary.jobId)).profile.provider.name).toBe('simulator');
      expect(await host.results(summary.jobId)).toMatchObject([{ ok: true, simulated: true }]);
    }
  });

  test('does not continue jobs that an earlier host started at a real provider, and reports them', async () => {
    const host = await openHost();
    const polling = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const first = await host.start(
      (call) => async (step, event) => {
        if (step === 'poll-batch') {
          polling.resolve();
          await held.promise;
        }
        return call(step, event);
      },
      { config: REAL },
    );
    const { jobId } = (await (await post(`${first.url}/jobs`, { rows: [{ prompt: 'echo:x' }] })).json()) as {
      jobId: string;
    };
    await polling.promise;
    const left = first.executions.leave();
    held.resolve();
    await left;
    await first[Symbol.asyncDispose]();
    const before = host.simulator.requests().length;

    const second = await host.start(undefined, { config: REAL, simulated: true });
    const resumed = await post(`${second.url}/jobs/${jobId}/resume`, {});
    const cancelled = await post(`${second.url}/jobs/${jobId}/cancel`, {});

    expect(host.logs).toContainEqual({
      event: 'job_waits',
      fields: { jobId, reason: expect.stringContaining('asks the provider "melious"') },
    });
    expect([resumed.status, cancelled.status]).toEqual([422, 422]);
    expect(await resumed.text()).toContain('--live');
    expect(host.simulator.requests()).toHaveLength(before);
  });

  test('knows only its own URL as a provider, so that no key is read', async () => {
    const data = await mkdtemp(join(tmpdir(), 'nightshift-simulated-'));
    onTestFinished(() => rm(data, { recursive: true, force: true }));
    expect(Object.keys(deployedProviders(REAL))).toContain('melious');
    process.env['MELIOUS_API_KEY'] = 'sk-mel-not-to-be-read';
    onTestFinished(() => void delete process.env['MELIOUS_API_KEY']);
    await using local = await openLocalEdges({ data, simulator: true, log: () => undefined, config: REAL });
    const file = join(data, 'questions.txt');
    await writeFile(file, 'How far is the Moon?\n');

    const { status, failure } = await runJob({
      files: [file],
      profile: undefined,
      overrides: {},
      again: false,
      config: REAL,
      edges: local.edges,
      steps: local.steps,
    });

    expect(status).toBe('failed');
    expect(failure?.message).toContain('not part of the deployed configuration');
  });
});
