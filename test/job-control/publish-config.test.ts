import { expect, test } from 'vitest';
import { deployedConfigObject } from '../../src/config/deployed-config.ts';
import { defineConfig } from '../../src/config/config.ts';
import { publishConfig, type DeployEvent } from '../../src/job-control/publish-config.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { startRecorder } from '../security/recorder.ts';
import { openTempFolder } from '../support/temp-folder.ts';

const CONFIG = defineConfig({
  providers: {
    own: { baseUrl: 'https://own.example/v1', headers: { 'x-team': 'confidential' }, maxBatches: 2 },
  },
  profiles: { default: { provider: 'own', model: 'm' } },
  limits: { jobDays: 3 },
  alarms: { email: 'oncall@example.com' },
  webhook: { url: 'https://hooks.example/?token=confidential' },
});

async function openStore(): Promise<ObjectStore> {
  const folder = await openTempFolder();
  return createFolderStore(folder);
}

async function publish(store: ObjectStore, RequestType: DeployEvent['RequestType']) {
  const recorder = await startRecorder();
  const event = {
    RequestType,
    ResponseURL: `${recorder.url}/answer?signed`,
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'Config',
  };
  const edges = { store, config: CONFIG, clock: { now: () => 0 }, random: Math.random, log: () => undefined };
  const failure = await publishConfig(edges, event).catch((error: unknown) => error);
  expect(recorder.requests).toEqual(['PUT /answer?signed']);
  return { failure, received: recorder.received() };
}

test.each(['Create', 'Update'] as const)(
  '%s writes what a command line needs, with nothing that is confidential, and answers CloudFormation',
  async (type) => {
    const store = await openStore();
    const { failure, received } = await publish(store, type);
    expect(failure).toBeUndefined();
    expect(await deployedConfigObject.read(store, undefined)).toEqual({
      providers: { own: { baseUrl: 'https://own.example/v1', maxBatches: 2 } },
      profiles: { default: { provider: 'own', model: 'm' } },
      limits: { jobDays: 3 },
    });
    expect(received).toContain('"Status":"SUCCESS"');
    expect(received).toContain('"RequestId":"request"');
  },
);

test('Delete keeps the published configuration', async () => {
  const store = await openStore();
  await publish(store, 'Create');
  const { received } = await publish(store, 'Delete');
  expect(received).toContain('"Status":"SUCCESS"');
  expect(await deployedConfigObject.read(store, undefined)).toMatchObject({ limits: { jobDays: 3 } });
});

test('a bucket that rejects the write fails the deploy with the reason', async () => {
  const store = { ...(await openStore()), put: () => Promise.reject(new Error('Access Denied')) };
  const { failure, received } = await publish(store, 'Update');
  expect(failure).toMatchObject({ message: 'Access Denied' });
  expect(received).toContain('"Status":"FAILED"');
  expect(received).toContain('was not written to the bucket: Access Denied');
});
