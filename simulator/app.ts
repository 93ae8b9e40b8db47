import { renameSync, rmSync } from 'node:fs';
import { Readable } from 'node:stream';
import { Hono } from 'hono';
import { parseWindow } from '../src/completion-window.ts';
import type { Dialect } from '../src/provider/dialects/schema.ts';
import { isUnknownModel } from './answers.ts';
import type { AppContext, AppOptions, RequestRecord } from './app-options.ts';
import type { SimulatedBatch } from './batches.ts';
import { corruptContent } from './corrupt-content.ts';
import { codeOf, type Refusal } from './codes.ts';
import { errorBody, fileObject, listAnswer, uploadAnswer } from './dialects.ts';
import { lateBytes, lateContent, latenessOf } from './late-output.ts';
import { addMessageBatches } from './message-batches.ts';
import { batchesPath, readCreate, receivePut } from './calls.ts';
import type { Route } from './faults.ts';
import { strike, type NodeBindings } from './strike.ts';
import type { SimulatedFile, SimulatorState } from './state.ts';
import { receiveUpload, startsAsJsonLines, type Upload } from './upload.ts';

/** Before the ids of files whose address was asked for. */
const SIGNED = '/v1/signed/';

/** The files and batches API over HTTP. */
export function createApp(options: AppOptions): Hono<{ Bindings: NodeBindings }> {
  const { state, provider, spoken, now } = options;
  const { dialect, quirks } = spoken;
  const batches = batchesPath(dialect);
  const filePurpose = dialect.adapter === 'together' ? 'batch-api' : 'batch';
  const app = new Hono<{ Bindings: NodeBindings }>();
  const refuse = (
    c: AppContext,
    status: 400 | 401 | 404 | 405 | 409 | 413,
    code: string | null,
    message: string,
  ): Response => c.json(errorBody(spoken, code, message) as object, status);
  const codes = (refusal: Refusal): string | null => codeOf(refusal, spoken);
  const notFound = (c: AppContext, what: string): Response =>
    refuse(c, 404, codes('not found'), `No such ${what}.`);

  app.use(async (c, next) => {
    const isSigned = c.req.path.startsWith(SIGNED);
    const problem = isSigned ? undefined : authProblem(c.req.header(), options.apiKey, dialect);
    if (problem === undefined) await next();
    else c.res = refuse(c, 401, codes(problem), 'The key is missing or not valid.');
    c.header('x-request-id', `req_${state.batches.size}_${state.files.size}`);
    if (!c.res.headers.has('x-ratelimit-limit-requests')) {
      c.header('x-ratelimit-limit-requests', '1000');
      c.header('x-ratelimit-remaining-requests', '999');
    }
    options.record(recordOf(c));
  });

  const route = (name: Route, handle: (c: AppContext) => Promise<Response>) => (c: AppContext) =>
    strike(options.script.forRoute(name), spoken, c, () => handle(c));

  if (dialect.adapter === 'anthropic') addMessageBatches(app, options, route, refuse);
  else if (dialect.adapter === 'together') addSignedUpload();
  else
    app.post(
      '/v1/files',
      route('upload', async (c) => {
        const id = state.nextId('file');
        const path = state.contentPath(`${id}.part`);
        const upload = await receiveUpload(c.env.incoming, path, options.maxFileBytes);
        const problem = await uploadProblem(upload, path, id);
        if (problem !== undefined) {
          rmSync(path, { force: true });
          return refuse(c, ...problem);
        }
        renameSync(path, state.contentPath(id));
        const { name, purpose, bytes } = upload;
        const file: SimulatedFile = {
          id,
          name,
          purpose,
          bytes,
          createdAt: now(),
          ...expiryOf(upload, dialect, now()),
          ...(dialect.files.processedFirst === true && { looksUntilProcessed: 2 }),
        };
        state.files.set(id, file);
        state.save();
        return c.json(uploadAnswer(file, spoken));
      }),
    );
  app.get(
    '/v1/files',
    route('list', async (c) => {
      const { purpose, order } = c.req.query();
      const files = [...state.files.values()].filter(
        (file) => purpose === undefined || file.purpose === purpose,
      );
      const shown = (order === 'asc' ? files : files.toReversed()).map((file) => fileObject(file, spoken));
      return c.json(listAnswer(shown, c.req.query(), spoken) as object);
    }),
  );
  app.get(
    '/v1/files/:id',
    route('get', async (c) => {
      const file = state.files.get(c.req.param('id') ?? '');
      if (file === undefined) return notFound(c, 'file');
      if (file.looksUntilProcessed !== undefined) file.looksUntilProcessed -= 1;
      const late = latenessOf(state, file.id, now());
      const bytes = late && (await lateBytes(state.content(file.id), late, file.bytes));
      return c.json(fileObject({ ...file, bytes: bytes ?? file.bytes }, spoken));
    }),
  );
  app.get(
    '/v1/files/:id/content',
    route('content', async (c) => {
      const file = state.files.get(c.req.param('id') ?? '');
      if (file === undefined) return notFound(c, 'file');
      const late = latenessOf(state, file.id, now());
      if (late !== undefined) {
        const shown = await lateContent(state.content(file.id), late);
        return shown === undefined ? notFound(c, 'file') : c.body(new Uint8Array(shown), 200);
      }
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
      if (dialect.honours.deletion !== true) return refuse(c, 405, codes('not allowed'), 'Files stay.');
      if (!state.files.has(id)) return notFound(c, 'file');
      if (dialect.files.inputHoldsBatch === true) state.deleteBatchesOf(id);
      state.deleteFile(id);
      return c.json({ id, object: 'file', deleted: true });
    }),
  );
  app.post(
    batches,
    route('create', async (c) => {
      const body = readCreate(await c.req.json().catch(() => undefined), dialect);
      if (body === undefined)
        return refuse(c, 400, codes('invalid request'), 'The body is not a batch request.');
      const { inputFileId, endpoint, completionWindow, metadata } = body;
      if (dialect.endpoints !== 'unknown' && !dialect.endpoints.includes(endpoint))
        return refuse(c, 400, 'invalid_value', `endpoint: ${endpoint}`);
      if (!takesWindow(dialect, completionWindow))
        return refuse(c, 400, 'invalid_value', 'completion_window');
      if (Object.keys(metadata).length > 16)
        return refuse(c, 400, 'invalid_value', 'metadata: at most 16 pairs');
      const file = state.files.get(inputFileId);
      if (file === undefined) return notFound(c, 'input file');
      if ((file.looksUntilProcessed ?? 0) > 0)
        return refuse(c, 400, 'file_not_processed', 'The file is not processed yet.');
      const idempotencyKey = idempotencyKeyOf(c, body.idempotencyKey, dialect);
      const earlier = [...state.batches.values()].find(
        (batch) => idempotencyKey !== undefined && batch.idempotencyKey === idempotencyKey,
      );
      if (earlier !== undefined && earlier.inputFileId !== inputFileId)
        return refuse(c, 409, 'idempotency_conflict', 'The key was used for another request.');
      const batch = earlier ?? (await provider.createBatch({ ...body, idempotencyKey }));
      const shown = await provider.show(batch);
      return c.json(dialect.adapter === 'together' ? { job: shown } : shown, quirks.created);
    }),
  );
  app.get(
    batches,
    route('list', async (c) => {
      const shown = await Promise.all(
        [...state.batches.keys()]
          .toReversed()
          .flatMap((id) => findBatch(state, id, { call: 'list', now: now() }) ?? [])
          .map((batch) => provider.show(batch)),
      );
      return c.json(listAnswer(shown, c.req.query(), spoken) as object);
    }),
  );
  app.get(
    `${batches}/:id`,
    route('get', async (c) => {
      const batch = findBatch(state, c.req.param('id'), { call: 'get', now: now() });
      return batch === undefined ? notFound(c, 'batch') : c.json(await provider.show(batch));
    }),
  );
  app.post(
    `${batches}/:id/cancel`,
    route('cancel', async (c) => {
      const batch = findBatch(state, c.req.param('id'));
      if (batch === undefined) return notFound(c, 'batch');
      if (dialect.honours.cancel !== true) return refuse(c, 405, codes('not allowed'), 'Batches run on.');
      if (!provider.cancel(batch)) return refuse(c, 409, 'batch_ended', 'The batch has ended.');
      return c.json(await provider.show(batch));
    }),
  );
  if (dialect.adapter === undefined) {
    app.get('/v1/models', (c) => c.json({ object: 'list', data: MODELS.map(modelObject) }));
    app.get('/v1/models/:id', (c) => {
      const id = c.req.param('id');
      if (!isUnknownModel(id)) return c.json(modelObject(id));
      return refuse(c, 404, codes('unknown model'), `The model '${id}' does not exist.`);
    });
  }
  for (const endpoint of REALTIME_ENDPOINTS)
    app.post(
      endpoint,
      route('realtime', (c) => options.realtime.answer(c)),
    );
  app.notFound((c) => refuse(c, 404, codes('not found'), `${c.req.method} ${c.req.path} is not there.`));
  app.onError((error, c) => c.json(errorBody(spoken, codes('failure'), error.message) as object, 500));
  return app;

  /** Where to send a file is asked first; the address needs no key, and takes none. */
  function addSignedUpload(): void {
    app.post('/v1/files', (c) => {
      const { file_name: name = '', purpose = '' } = c.req.query();
      const id = state.nextId('file');
      state.files.set(id, { id, name, purpose, bytes: 0, createdAt: now() });
      state.save();
      const location = new URL(`${SIGNED}${id}`, c.req.url).href;
      return c.body(null, 302, { location, 'x-together-file-id': id });
    });
    app.put(
      `${SIGNED}:id`,
      route('upload', async (c) => {
        const file = state.files.get(c.req.param('id') ?? '');
        if (file === undefined) return notFound(c, 'file');
        if (c.req.header('authorization') !== undefined)
          return refuse(c, 400, 'InvalidArgument', 'Only one auth mechanism is allowed.');
        const bytes = await receivePut(c.env.incoming, state.contentPath(file.id));
        if (bytes > options.maxFileBytes || file.purpose !== filePurpose)
          return refuse(c, 400, 'InvalidArgument', 'The file is too large, or for another purpose.');
        state.files.set(file.id, { ...file, bytes });
        state.save();
        return c.body(null, 200);
      }),
    );
  }

  async function uploadProblem(
    upload: Upload,
    path: string,
    id: string,
  ): Promise<[400 | 413, string | null, string] | undefined> {
    if (upload.bytes === 0) return [400, codes('invalid request'), 'There is no file, or it is empty.'];
    if (upload.tooLarge) return [413, 'file_too_large', `A file may have ${options.maxFileBytes} bytes.`];
    if (upload.purpose !== filePurpose) return [400, codes('invalid request'), 'The purpose is another one.'];
    const { brackets, dots } = upload.expiresAfter;
    if (dialect.honours.fileExpiry === 'no' && (brackets ?? dots) !== undefined)
      return [400, 'invalid_request', 'expires_after is not supported.'];
    if (quirks.blankLines === 'refused' && (await hasBlankLine(state.content(`${id}.part`))))
      return [400, 'invalid_file_format', 'Blank lines are not allowed.'];
    if (!startsAsJsonLines(path)) return [400, 'invalid_file_format', 'The first line is not a JSON object.'];
    return undefined;
  }
}

/** Some of those that are answered: any is, unless its name begins with `unknown-`. */
const MODELS = ['simulated-chat', 'simulated-embedding'];

function modelObject(id: string): object {
  return { id, object: 'model', created: 1_790_000_000, owned_by: 'simulator' };
}

/** Those that answers are made for. */
const REALTIME_ENDPOINTS = [
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/v1/responses',
  '/v1/rerank',
  '/v1/images/generations',
];

function authProblem(
  headers: Readonly<Record<string, string>>,
  apiKey: string | undefined,
  { name, auth }: Dialect,
): 'no key' | 'wrong key' | undefined {
  const bearer = /^Bearer (.+)$/.exec(headers['authorization'] ?? '')?.[1];
  const own = auth === 'Authorization: Bearer' ? bearer : headers[auth];
  // Either header will do on every endpoint of Melious.
  const given = own ?? (name === 'melious' ? headers['x-api-key'] : undefined);
  if (given === undefined) return 'no key';
  return apiKey !== undefined && given !== apiKey ? 'wrong key' : undefined;
}

function takesWindow({ windows }: Dialect, window: string): boolean {
  const seconds = parseWindow(window);
  if (seconds === undefined || windows === 'unknown') return seconds !== undefined;
  if (!('from' in windows)) return windows.includes(window);
  return seconds >= (parseWindow(windows.from) ?? 0) && seconds <= (parseWindow(windows.to) ?? 0);
}

function idempotencyKeyOf(
  c: AppContext,
  inBody: string | undefined,
  { honours }: Dialect,
): string | undefined {
  if (honours.idempotencyKey === 'header') return c.req.header('idempotency-key');
  return honours.idempotencyKey === 'body' ? inBody : undefined;
}

/** When a file goes, where its form said so in the provider's spelling. */
function expiryOf(
  { expiresAfter }: Upload,
  { honours }: Dialect,
  now: number,
): Pick<SimulatedFile, 'expiresAt'> {
  const { fileExpiry } = honours;
  const seconds = fileExpiry === 'brackets' || fileExpiry === 'dots' ? expiresAfter[fileExpiry] : undefined;
  return seconds === undefined ? {} : { expiresAt: now + seconds * 1_000 };
}

/** Also one at the end, behind the last newline. */
async function hasBlankLine(content: AsyncIterable<Buffer>): Promise<boolean> {
  const NEWLINE = 0x0a;
  let before = NEWLINE;
  for await (const chunk of content) {
    for (const byte of chunk) {
      if (byte === NEWLINE && before === NEWLINE) return true;
      before = byte;
    }
  }
  return false;
}

/** A call that looks for batches, and when it does, in milliseconds since 1970. */
interface Look {
  readonly call: 'get' | 'list';
  readonly now: number;
}

function findBatch(state: SimulatorState, id = '', look?: Look): SimulatedBatch | undefined {
  const batch = state.batches.get(id);
  const isHidden = batch?.actions.some((action) => {
    if (action.kind !== 'hidden' || look === undefined) return action.kind === 'vanish';
    const isAsked = action.from === 'both' || action.from === look.call;
    return isAsked && look.now < batch.createdAt + action.seconds * 1_000;
  });
  return isHidden === true ? undefined : batch;
}

function recordOf(c: AppContext): RequestRecord {
  const { authorization: _a, 'x-api-key': _b, 'api-key': _c, ...headers } = c.req.header();
  return { method: c.req.method, path: c.req.path, headers, status: c.res.status };
}
