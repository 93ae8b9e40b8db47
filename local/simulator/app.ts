import { renameSync, rmSync } from 'node:fs';
import { Readable } from 'node:stream';
import { Hono, type Context } from 'hono';
import { z } from 'zod';
import { parseWindow } from '../../src/polling.ts';
import type { SimulatedBatch } from './batches.ts';
import { corruptContent } from './corrupt-content.ts';
import { errorBody, fileObject, type SimulatedDialect } from './dialects.ts';
import type { FaultScript, Route } from './faults.ts';
import type { SimulatedProvider } from './provider.ts';
import { strike, type NodeBindings } from './strike.ts';
import type { SimulatedFile, SimulatorState } from './state.ts';
import { receiveUpload, startsAsJsonLines } from './upload.ts';

export interface AppOptions {
  readonly state: SimulatorState;
  readonly provider: SimulatedProvider;
  readonly script: FaultScript;
  readonly dialect: SimulatedDialect;
  readonly apiKey: string | undefined;
  readonly maxFileBytes: number;
  readonly now: () => number;
  readonly record: (request: RequestRecord) => void;
}

/** One request as it was answered; the key is left out. */
export interface RequestRecord {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly status: number;
}

type AppContext = Context<{ Bindings: NodeBindings }>;

const ENDPOINTS = ['/v1/chat/completions', '/v1/embeddings', '/v1/images/generations', '/v1/audio/speech'];

const createSchema = z.object({
  input_file_id: z.string(),
  endpoint: z.string(),
  completion_window: z.string().default('24h'),
  metadata: z.record(z.string(), z.string()).nullish(),
});

/** The files and batches API over HTTP. */
export function createApp(options: AppOptions): Hono<{ Bindings: NodeBindings }> {
  const { state, provider, now } = options;
  const app = new Hono<{ Bindings: NodeBindings }>();
  const refuse = (
    c: AppContext,
    status: 400 | 401 | 404 | 409 | 413,
    code: string,
    message: string,
  ): Response => c.json(errorBody(options.dialect, code, message), status);
  const notFound = (c: AppContext, what: string): Response => refuse(c, 404, 'NOT_FOUND', `No such ${what}.`);

  app.use(async (c, next) => {
    const problem = authProblem(c.req.header(), options.apiKey);
    if (problem === undefined) await next();
    else c.res = refuse(c, 401, problem, 'The key is missing or not valid.');
    c.header('x-request-id', `req_${state.batches.size}_${state.files.size}`);
    c.header('x-ratelimit-limit-requests', '1000');
    c.header('x-ratelimit-remaining-requests', '999');
    options.record(recordOf(c));
  });

  const route = (name: Route, handle: (c: AppContext) => Promise<Response>) => (c: AppContext) =>
    strike(options.script.forRoute(name), options.dialect, c, () => handle(c));

  app.post(
    '/v1/files',
    route('upload', async (c) => {
      const id = state.nextId('file');
      const path = state.contentPath(`${id}.part`);
      const upload = await receiveUpload(c.env.incoming, path, options.maxFileBytes);
      const problem = uploadProblem(upload, path);
      if (problem !== undefined) {
        rmSync(path, { force: true });
        return refuse(c, ...problem);
      }
      renameSync(path, state.contentPath(id));
      const { name, purpose, bytes } = upload;
      const file: SimulatedFile = { id, name, purpose, bytes, createdAt: now() };
      state.files.set(id, file);
      state.save();
      return c.json(fileObject(file));
    }),
  );
  app.get(
    '/v1/files',
    route('list', async (c) => {
      const { purpose, order } = c.req.query();
      const files = [...state.files.values()].filter(
        (file) => purpose === undefined || file.purpose === purpose,
      );
      return c.json(page(c, order === 'asc' ? files : files.toReversed(), fileObject));
    }),
  );
  app.get(
    '/v1/files/:id',
    route('get', async (c) => {
      const file = state.files.get(c.req.param('id') ?? '');
      return file === undefined ? notFound(c, 'file') : c.json(fileObject(file));
    }),
  );
  app.get(
    '/v1/files/:id/content',
    route('content', async (c) => {
      const file = state.files.get(c.req.param('id') ?? '');
      if (file === undefined) return notFound(c, 'file');
      const kind = options.script.forContent();
      if (kind !== undefined) return corruptContent(state.content(file.id), kind, c.env.outgoing);
      const headers = { 'content-type': 'application/jsonl', 'content-length': String(file.bytes) };
      return c.body(Readable.toWeb(Readable.from(state.content(file.id))) as ReadableStream, 200, headers);
    }),
  );
  app.delete(
    '/v1/files/:id',
    route('delete', async (c) => {
      const id = c.req.param('id') ?? '';
      if (!state.files.has(id)) return notFound(c, 'file');
      state.deleteFile(id);
      return c.json({ id, object: 'file', deleted: true });
    }),
  );
  app.post(
    '/v1/batches',
    route('create', async (c) => {
      const body = createSchema.safeParse(await c.req.json().catch(() => undefined));
      if (!body.success) return refuse(c, 400, 'VALIDATION_4001', 'The body is not a batch request.');
      const {
        input_file_id: inputFileId,
        endpoint,
        completion_window: completionWindow,
        metadata,
      } = body.data;
      if (!ENDPOINTS.includes(endpoint)) return refuse(c, 400, 'invalid_value', `endpoint: ${endpoint}`);
      if (parseWindow(completionWindow) === undefined)
        return refuse(c, 400, 'invalid_value', 'completion_window');
      if (Object.keys(metadata ?? {}).length > 16)
        return refuse(c, 400, 'invalid_value', 'metadata: at most 16 pairs');
      if (!state.files.has(inputFileId)) return notFound(c, 'input file');
      const request = { inputFileId, endpoint, completionWindow, metadata: metadata ?? {} };
      return c.json(await provider.show(await provider.createBatch(request)));
    }),
  );
  app.get(
    '/v1/batches',
    route('list', async (c) => {
      const shown = await Promise.all(
        [...state.batches.keys()]
          .toReversed()
          .flatMap((id) => findBatch(state, id) ?? [])
          .map((batch) => provider.show(batch)),
      );
      return c.json(page(c, shown, (batch) => batch));
    }),
  );
  app.get(
    '/v1/batches/:id',
    route('get', async (c) => {
      const batch = findBatch(state, c.req.param('id'));
      return batch === undefined ? notFound(c, 'batch') : c.json(await provider.show(batch));
    }),
  );
  app.post(
    '/v1/batches/:id/cancel',
    route('cancel', async (c) => {
      const batch = findBatch(state, c.req.param('id'));
      if (batch === undefined) return notFound(c, 'batch');
      if (!provider.cancel(batch)) return refuse(c, 409, 'batch_ended', 'The batch has ended.');
      return c.json(await provider.show(batch));
    }),
  );
  app.notFound((c) =>
    c.json(errorBody(options.dialect, 'NOT_FOUND', `${c.req.method} ${c.req.path} is not there.`), 404),
  );
  app.onError((error, c) => c.json(errorBody(options.dialect, 'SYSTEM_9001', error.message), 500));
  return app;

  function uploadProblem(
    upload: Awaited<ReturnType<typeof receiveUpload>>,
    path: string,
  ): [400 | 413, string, string] | undefined {
    if (upload.bytes === 0) return [400, 'VALIDATION_4001', 'There is no file, or it is empty.'];
    if (upload.tooLarge) return [413, 'file_too_large', `A file may have ${options.maxFileBytes} bytes.`];
    if (upload.purpose !== 'batch') return [400, 'VALIDATION_4001', 'purpose must be "batch".'];
    if (!startsAsJsonLines(path)) return [400, 'invalid_file_format', 'The first line is not a JSON object.'];
    return undefined;
  }
}

function authProblem(
  headers: Readonly<Record<string, string>>,
  apiKey: string | undefined,
): string | undefined {
  const bearer = /^Bearer (.+)$/.exec(headers['authorization'] ?? '')?.[1];
  const given = bearer ?? headers['x-api-key'] ?? headers['api-key'];
  if (given === undefined) return 'AUTH_1007';
  return apiKey !== undefined && given !== apiKey ? 'AUTH_1008' : undefined;
}

/** One page of a list: `after` is the last id of the page before. */
function page<Item>(
  c: AppContext,
  items: readonly Item[],
  show: (item: Item) => Record<string, unknown>,
): object {
  const { after, limit = '20' } = c.req.query();
  const all = items.map(show);
  const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
  const to = from + Math.min(100, Math.max(1, Number(limit)));
  return { object: 'list', data: all.slice(from, to), has_more: to < all.length };
}

function findBatch(state: SimulatorState, id = ''): SimulatedBatch | undefined {
  const batch = state.batches.get(id);
  return batch?.actions.some(({ kind }) => kind === 'vanish') ? undefined : batch;
}

function recordOf(c: AppContext): RequestRecord {
  const { authorization: _a, 'x-api-key': _b, 'api-key': _c, ...headers } = c.req.header();
  return { method: c.req.method, path: c.req.path, headers, status: c.res.status };
}
