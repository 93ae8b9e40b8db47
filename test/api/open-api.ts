import type { OpenAPIHono } from '@hono/zod-openapi';
import { expect } from 'vitest';
import { z } from 'zod';
import type { ApiEdges } from '../../src/api/api-edges.ts';
import { createApi } from '../../src/api/app.ts';
import { problemSchema, PROBLEM_TYPE } from '../../src/api/problems.ts';
import { startedSchema } from '../../src/api/schemas.ts';
import { defineConfig } from '../../src/config/config.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import type { Job } from '../../src/checkpoints/job.ts';
import { INDEX_PREFIX, deadLettersKey, jobKey, resultsKey, summaryKey } from '../../src/checkpoints/keys.ts';
import type { LogFields } from '../../src/log.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { requireJson, writeJson } from '../../src/store/json.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { keysBelow } from '../requests/store.ts';
import { HeldExecutions } from '../support/held-executions.ts';
import { openTempFolder } from '../support/temp-folder.ts';

/** The time on the clock when a test begins. */
export const START = Date.UTC(2026, 10, 1);

/** One response of the API. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface LogLine extends LogFields {
  readonly event: string;
}

/** The API over its own temporary folder, with the edges that it uses. */
export interface World {
  readonly api: OpenAPIHono;
  readonly store: ObjectStore;
  readonly executions: HeldExecutions;
  readonly logged: readonly LogLine[];
  /** Sends a request and checks that the response matches the OpenAPI document. */
  readonly send: (method: 'GET' | 'POST' | 'PUT', path: string, init?: RequestInit) => Promise<Answer>;
  /** {@link send} for a JSON body. */
  readonly post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Answer>;
  readonly get: (path: string) => Promise<Answer>;
  /** Moves the clock forward. */
  readonly pass: (milliseconds: number) => void;
  /** Sends the following requests as this caller. */
  readonly callAs: (caller: string) => void;
}

/**
 * Opens the API of a test.
 * @param change returns the edges that differ from the defaults; it gets these defaults, whose store is the folder
 */
export async function openApi(change: (edges: ApiEdges) => Partial<ApiEdges> = () => ({})): Promise<World> {
  const folder = await openTempFolder();
  const store = createFolderStore(folder);
  const executions = new HeldExecutions();
  const logged: LogLine[] = [];
  let now = START;
  let caller = 'alice';
  const edges: ApiEdges = {
    store,
    clock: { now: () => now },
    random: () => 0.5,
    log: (event, fields) => logged.push({ event, ...fields }),
    config: defineConfig({ profiles: { default: { provider: 'simulator', model: 'm' } } }),
    executions,
    links: {
      download: (key) => Promise.resolve(`https://files.example/get/${key}`),
      upload: (key) => Promise.resolve(`https://files.example/put/${key}`),
    },
    caller: () => caller,
  };
  const api = createApi({ ...edges, ...change(edges) });
  const send: World['send'] = async (method, path, init = {}) => {
    const response = await api.request(path, { ...init, method });
    const answer = { status: response.status, headers: response.headers, body: await response.json() };
    await expectDocumented(api, { method, path, answer });
    return answer;
  };
  return {
    api,
    store,
    executions,
    logged,
    send,
    post: (path, body, headers = {}) =>
      send('POST', path, {
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }),
    get: (path) => send('GET', path),
    pass: (milliseconds) => {
      now += milliseconds;
    },
    callAs: (other) => {
      caller = other;
    },
  };
}

export const INPUT = 'input/reviews.csv';

/**
 * Writes an input file and starts a job with it.
 * @returns its jobId
 */
export async function startJob({ store, post }: World, body: object = {}): Promise<string> {
  await store.put(INPUT, 'prompt\nhello\n');
  return jobIdOf(await post('/jobs', { inputs: [INPUT], ...body }));
}

export function jobIdOf({ status, body }: Answer): string {
  expect(status).toBe(202);
  return startedSchema.parse(body).jobId;
}

/** Sends this text, unchanged, as the body of a request that starts a job. */
export const sendText = ({ send }: World, body: string, type = 'application/json'): Promise<Answer> =>
  send('POST', '/jobs', { body, headers: { 'content-type': type } });

/** Checks that nothing was started or written. */
export async function expectNoJob({ store, executions }: World): Promise<void> {
  expect(executions.names).toEqual([]);
  expect(await keysBelow(store, 'jobs/')).toEqual([]);
  expect(await keysBelow(store, INDEX_PREFIX)).toEqual([]);
}

/** The text of the rows that a job got inline in its request. */
export async function rowsOf(store: ObjectStore, jobId: string): Promise<string | undefined> {
  const { inputs } = await requireJson<Job>(store, jobKey(jobId));
  expect(inputs).toEqual([{ key: expect.stringMatching(`^jobs/${jobId}/rows-`) as string }]);
  return (await store.get(inputs[0]?.key ?? ''))?.toString();
}

/** Ends the last execution of the job and writes a summary with this status. */
export async function endJob(
  { store, executions }: World,
  jobId: string,
  status: Summary['status'],
  change: Partial<Summary> = {},
): Promise<void> {
  await writeJson(store, summaryKey(jobId), { ...summaryOf(jobId, status), ...change });
  const last = executions.names.findLast((name) => name.startsWith(jobId));
  if (last !== undefined) executions.end(last);
}

/** Links of a job in the responses of the API. */
export const linksOf = (jobId: string) => ({
  self: `/jobs/${jobId}`,
  cancel: `/jobs/${jobId}/cancel`,
  resume: `/jobs/${jobId}/resume`,
  approve: `/jobs/${jobId}/approve`,
  reject: `/jobs/${jobId}/reject`,
  retry: `/jobs/${jobId}/retry`,
});

/** The summary of a job of four rows. */
export function summaryOf(jobId: string, status: Summary['status']): Summary {
  const goneWrong = status !== 'succeeded';
  return {
    jobId,
    status,
    profile: 'default',
    provider: 'simulator',
    model: 'm',
    endpoint: '/v1/chat/completions',
    inputs: [{ key: INPUT }],
    rows: 4,
    counts: { ok: goneWrong ? 1 : 4, failed: goneWrong ? 3 : 0, exhausted: 0, invalid_output: 0, invalid: 0 },
    shards: 2,
    rounds: 1,
    usage: { inputTokens: 1, outputTokens: 1, energy: 0, credits: 0 },
    models: [],
    truncated: 0,
    refused: 0,
    errors: [],
    unexplained: { missing: 0, duplicates: 0, unknown: 0, unknownIds: [], unreadable: 0 },
    batches: [],
    left: [],
    problems: [],
    results: resultsKey(jobId),
    deadLetters: goneWrong ? deadLettersKey(jobId) : undefined,
    startedAt: new Date(START).toISOString(),
    endedAt: new Date(START + 60_000).toISOString(),
    seconds: 60,
  };
}

/**
 * Checks that a response is a problem with this status and type.
 * @returns the problem
 */
export function expectProblem(answer: Answer, status: number, kind: string): z.output<typeof problemSchema> {
  const problem = z.strictObject(problemSchema.shape).parse(answer.body);
  expect(problem).toMatchObject({ status, type: `urn:nightshift:problem:${kind}` });
  expect(answer.status).toBe(status);
  return problem;
}

const contentSchema = z.record(z.string(), z.object({ schema: z.looseObject({}) }));

export const documentSchema = z.looseObject({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.looseObject({
        operationId: z.string(),
        responses: z.record(z.string(), z.looseObject({ content: contentSchema })),
      }),
    ),
  ),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
});

type Document = z.output<typeof documentSchema>;

let document: Promise<Document> | undefined;

/** Reads the OpenAPI document. It is the same for every API, so it is requested once. */
async function readDocument(api: OpenAPIHono): Promise<Document> {
  return documentSchema.parse(await (await api.request('/openapi.json')).json());
}

/** Checks that the OpenAPI document has this response for the operation, and that the body has no undocumented field. */
async function expectDocumented(
  api: OpenAPIHono,
  { method, path, answer }: { readonly method: string; readonly path: string; readonly answer: Answer },
): Promise<void> {
  const { status, headers, body } = answer;
  const type = headers.get('content-type');
  if (status >= 400) {
    expect(type).toBe(PROBLEM_TYPE);
    expect(z.strictObject(problemSchema.shape).parse(body).status).toBe(status);
  }
  const known = await (document ??= readDocument(api));
  const operation = operationOf(known, method, path);
  // Unexpected errors and unknown routes belong to no operation.
  if (operation === undefined || status === 500) return;
  const documented = operation.responses[status]?.content;
  expect(Object.keys(documented ?? {}), `${method} ${path}: ${status}`).toEqual([type]);
  const schema = documented?.[type ?? '']?.schema ?? {};
  const closed = closedSchemas.get(schema) ?? closedSchemaOf(known, schema);
  closedSchemas.set(schema, closed);
  closed.parse(body);
}

function operationOf({ paths }: Document, method: string, path: string) {
  const { pathname } = new URL(path, 'http://localhost');
  const found = Object.keys(paths).find((known) =>
    new RegExp(`^${known.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(pathname),
  );
  return found === undefined ? undefined : paths[found]?.[method.toLowerCase()];
}

/** Schemas made so far. Making one takes longer than the rest of a request. */
const closedSchemas = new WeakMap<object, z.ZodType>();

/** A schema of the document that rejects undocumented fields. */
function closedSchemaOf({ components }: Document, schema: object): z.ZodType {
  const text = JSON.stringify({ allOf: [schema], $defs: components.schemas }, (_, value: unknown) =>
    isObjectSchema(value) ? { additionalProperties: false, ...value } : value,
  );
  return z.fromJSONSchema(
    JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')) as z.core.JSONSchema.JSONSchema,
  );
}

const objectSchema = z.looseObject({ type: z.literal('object'), properties: z.looseObject({}) });

function isObjectSchema(value: unknown): value is object {
  return objectSchema.safeParse(value).success;
}
