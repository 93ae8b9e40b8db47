/** @module-tag exhaustive */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { callBundles, stageBundles } from '../../host/call-bundles.ts';
import { createLocalExecutions } from '../../host/engine.ts';
import { loadMachine } from '../../host/load-stack.ts';
import { startSimulator } from '../../simulator/index.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { resolveProfile } from '../../src/config/resolve-profile.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { requireJson, writeJson } from '../../src/store/json.ts';
import { jobKey, resultsKey, summaryKey } from '../../src/checkpoints/keys.ts';
import { workbookOf } from '../rows/zip-of.ts';
import { startRecorder, type Recorder } from '../security/recorder.ts';
import { startAws } from '../cli/local-aws.ts';

const KEY = 'sk-mel-secret-of-the-bundles';

let folder: string;
const CONFIG = { profiles: { default: { provider: 'simulator', model: 'glm-4.7:batch' } } };

let bundles: ReadonlyMap<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightshift-bundles-'));
  bundles = await stageBundles(CONFIG, join(folder, 'cdk.out'));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** Loads the deployed functions with their environment. The bucket is a folder. */
async function deploy() {
  const events: object[] = [];
  const data = await mkdtemp(join(folder, 'data-'));
  const simulator = await startSimulator({
    apiKey: KEY,
    stages: { queuedSeconds: 0, runningSeconds: 0, finalizingSeconds: 0 },
  });
  onTestFinished(() => simulator.close());
  const callStep = callBundles(bundles);
  const executions = createLocalExecutions({ ...(await loadMachine(CONFIG)), callStep, instant: true });
  vi.stubEnv('STORE', pathToFileURL(data).href);
  vi.stubEnv('STATE_MACHINE_ARN', 'arn:aws:states:local:111122223333:stateMachine:m:live');
  vi.stubEnv('EVENT_BUS', 'default');
  const aws = await startAws(executions, events);
  onTestFinished(() => aws[Symbol.dispose]());
  vi.stubEnv('AWS_ENDPOINT_URL', aws.url);
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  vi.stubEnv('SIMULATOR_API_KEY', KEY);
  vi.stubEnv('PROVIDER_BASE_URLS', JSON.stringify({ simulator: simulator.url }));
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  return { store: createFolderStore(data), callStep, executions, events };
}

test('a dropped file becomes results through the bundles that are deployed', async () => {
  const { store, callStep, executions, events } = await deploy();
  const key = 'input/a b+c%20é.jsonl';
  await store.put(key, await readFile(new URL('../../examples/hanse.jsonl', import.meta.url)));

  const started = (await callStep('start-job', {
    source: 'aws.s3',
    detail: { bucket: { name: 'data' }, object: { key, etag: 'e', sequencer: '1' } },
  })) as { jobId: string; execution: string };
  await executions.result(started.execution);

  const summary = await requireJson<Summary>(store, summaryKey(started.jobId));
  expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 10 }, inputs: [{ key }] });
  expect(events).toMatchObject([{ Source: 'nightshift', DetailType: 'Job Succeeded' }]);
});

test('a dropped workbook and a Parquet file become results through the bundles', async () => {
  const { store, callStep, executions } = await deploy();
  const cell = (at: string, value: string): string =>
    `<c r="${at}" t="inlineStr"><is><t>${value}</t></is></c>`;
  const sheet =
    `<row r="1">${cell('A1', 'id')}${cell('B1', 'prompt')}</row>` +
    `<row r="2">${cell('A2', 'a1')}${cell('B2', 'echo:Grüße')}</row>`;
  const columns = [
    { name: 'id', data: ['p1'] },
    { name: 'prompt', data: ['echo:column'] },
  ];
  const files: [key: string, content: Buffer, expected: object][] = [
    ['input/reviews.xlsx', workbookOf({ sheets: { Data: sheet } }), { custom_id: 'a1', text: 'Grüße' }],
    [
      'input/rows.parquet',
      Buffer.from(parquetWriteBuffer({ columnData: columns })),
      { custom_id: 'p1', text: 'column' },
    ],
  ];

  for (const [key, content, expected] of files) {
    await store.put(key, content);
    const started = (await callStep('start-job', {
      source: 'aws.s3',
      detail: { bucket: { name: 'data' }, object: { key, etag: 'e', sequencer: '1' } },
    })) as { jobId: string; execution: string };
    await executions.result(started.execution);

    const results = await store.get(resultsKey(started.jobId));
    expect(JSON.parse(String(results))).toMatchObject(expected);
  }
});

/** A request as API Gateway sends it to the function: payload format 2.0. */
function httpEvent(method: string, path: string, body?: object): object {
  return {
    version: '2.0',
    routeKey: `${method} ${path}`,
    rawPath: path,
    rawQueryString: '',
    headers: { host: 'api.example', 'content-type': 'application/json' },
    requestContext: {
      accountId: '111122223333',
      authorizer: { iam: { accountId: '111122223333', callerId: 'AROA1:somebody' } },
      domainName: 'api.example',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'test' },
      stage: '$default',
    },
    ...(body && { body: JSON.stringify(body) }),
    isBase64Encoded: false,
  };
}

test('a request to the API starts a job, and another one reads its status', async () => {
  const { callStep, executions } = await deploy();
  const request = async (...event: Parameters<typeof httpEvent>) => {
    const { statusCode, body } = (await callStep('api', httpEvent(...event))) as {
      statusCode: number;
      body: string;
    };
    return { statusCode, body: JSON.parse(body) as Record<string, unknown> };
  };

  const started = await request('POST', '/jobs', { rows: [{ prompt: 'x' }, { prompt: 'y' }] });
  expect(started).toMatchObject({ statusCode: 202, body: { state: 'started' } });
  const jobId = String(started.body['jobId']);
  await executions.result(jobId);

  expect(await request('GET', `/jobs/${jobId}`)).toMatchObject({
    statusCode: 200,
    body: { status: 'succeeded', counts: { ok: 2 }, links: { results: expect.any(String) as string } },
  });
  expect(await request('GET', '/jobs')).toMatchObject({ body: { jobs: [{ jobId }] } });
  expect(await request('POST', `/jobs/${jobId}/cancel`)).toMatchObject({ statusCode: 409 });
  expect(await request('GET', '/openapi.json')).toMatchObject({ body: { openapi: '3.1.0' } });
});

test('no bundle reads the key for, or sends it to, a URL from an event', async () => {
  const { store, callStep } = await deploy();
  const attacker = await startRecorder();
  const secrets = await openSecretsManager();
  const provider = {
    name: 'simulator',
    baseUrl: `${attacker.url}/v1`,
    dialect: { name: 'x', auth: 'Authorization: Bearer', honours: {} },
  };
  const job = { jobId: 'job', profile: { provider, endpoint: '/v1/x', retriableCodes: [], rounds: 1 } };
  await writeJson(store, jobKey('job'), job);
  const context = { jobId: 'job', shard: 0, round: 1, lastRound: 1, provider, polling: { minSeconds: 1 } };
  const event = { ...context, batchId: 'b', fileId: 'f', polls: 0, notFound: 0 };

  await expect(callStep('poll-batch', event)).rejects.toMatchObject({ name: 'ProviderDenied' });
  // A failed cancel does not fail the step: the job polls the batch again.
  expect(await callStep('cancel-batch', event)).toMatchObject({ cancelFailures: 1 });

  expect(attacker.requests).toEqual([]);
  expect(secrets.requests).toEqual([]);

  const deployed = { ...event, provider: resolveProfile(CONFIG, 'default').provider };
  expect(await callStep('cancel-batch', deployed)).toMatchObject({ cancelFailures: 1 });
  expect(secrets.requests).toEqual(['POST /']);
});

/** Starts a Secrets Manager, from which the functions read the key, as on AWS. */
async function openSecretsManager(): Promise<Recorder> {
  const answer = { Name: 'keys', SecretString: JSON.stringify({ simulator: KEY }) };
  const secrets = await startRecorder((_, response) => {
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer));
  });
  vi.stubEnv('SIMULATOR_API_KEY', undefined);
  vi.stubEnv('SECRET_ARN', 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:keys');
  vi.stubEnv('AWS_ENDPOINT_URL_SECRETS_MANAGER', secrets.url);
  return secrets;
}

test('no bundle is above 1.25 MB, and each has only the code that its step needs', async () => {
  const sizes: Record<string, number> = {};
  const clients: string[] = [];
  const schemas: string[] = [];
  for (const [step, file] of bundles) {
    sizes[step] = (await stat(file)).size;
    const code = await readFile(file, 'utf8');
    if (code.includes('llhttp')) clients.push(step);
    if (code.includes('ZodError') || code.includes('siliconflow')) schemas.push(step);
  }
  // Only the entry functions contain the table of dialects and the schemas, because a job records its dialect.
  expect(schemas.toSorted()).toEqual(['api', 'cancel-job', 'publish-config', 'start-job']);
  // The largest bundle checks answers against a schema, with Ajv and, for patterns, RE2.
  expect(Object.entries(sizes).filter(([, size]) => size > 1_250_000)).toEqual([]);
  expect(Object.keys(sizes)).toHaveLength(14);
  expect(clients.toSorted()).toEqual([
    'cancel-batch',
    'collect-results',
    'create-batch',
    'poll-batch',
    'send-direct',
    'upload-file',
  ]);
});
