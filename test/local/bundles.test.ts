import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { callBundles } from '../../local/call-bundles.ts';
import { createLocalExecutions, type LocalExecutions } from '../../local/engine.ts';
import { machineOf, synthesizeBundles, type Synthesized } from '../../local/load-machine.ts';
import { startSimulator } from '../../local/simulator/index.ts';
import type { JobInput } from '../../src/contract.ts';
import type { Summary } from '../../src/job.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { requireJson } from '../../src/store/json.ts';
import { summaryKey } from '../../src/keys.ts';

const KEY = 'sk-mel-secret-of-the-bundles';

let folder: string;
let synthesized: Synthesized;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightshift-bundles-'));
  const config = { profiles: { default: { provider: 'simulator', model: 'glm-4.7:batch' } } };
  synthesized = synthesizeBundles(config, join(folder, 'cdk.out'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Answers StartExecution as Step Functions does, so that the bundled SDK is used as it is on AWS. */
async function startStepFunctions(executions: LocalExecutions): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { name, input } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
      name: string;
      input: string;
    };
    await executions.start(name, JSON.parse(input) as JobInput);
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(
      JSON.stringify({ executionArn: `arn:aws:states:local:1:execution:m:${name}`, startDate: 1 }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a dropped file becomes results through the bundles that are deployed', async () => {
  const data = join(folder, 'data');
  const store = createFolderStore(data);
  const simulator = await startSimulator({
    apiKey: KEY,
    stages: { queuedSeconds: 0, runningSeconds: 0, finalizingSeconds: 0 },
  });
  onTestFinished(() => simulator.close());
  const callStep = callBundles(synthesized);
  const executions = createLocalExecutions({ ...machineOf(synthesized), callStep, instant: true });
  vi.stubEnv('STORE', pathToFileURL(data).href);
  vi.stubEnv('STATE_MACHINE_ARN', 'arn:aws:states:local:111122223333:stateMachine:m');
  vi.stubEnv('AWS_ENDPOINT_URL_SFN', await startStepFunctions(executions));
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  vi.stubEnv('SIMULATOR_API_KEY', KEY);
  vi.stubEnv('PROVIDER_BASE_URLS', JSON.stringify({ simulator: simulator.url }));
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const key = 'input/a b+c%20é.jsonl';
  await store.put(key, await readFile(new URL('../../examples/hanse.jsonl', import.meta.url)));

  const started = (await callStep('start-job', {
    source: 'aws.s3',
    detail: { bucket: { name: 'data' }, object: { key, etag: 'e', sequencer: '1' } },
  })) as { jobId: string; execution: string };
  await executions.result(started.execution);

  const summary = await requireJson<Summary>(store, summaryKey(started.jobId));
  expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 10 }, inputs: [{ key }] });
});
