import { Hono } from 'hono';
import type { Dialect } from '../src/provider/dialects/schema.ts';
import { openApi, type Api, type App } from './api.ts';
import type { AppContext, AppOptions, RequestRecord } from './app-options.ts';
import { addBatches } from './batches-api.ts';
import { errorBody } from './dialects.ts';
import { addFiles } from './files-api.ts';
import { addMessageBatches } from './message-batches.ts';
import { addModels } from './models-api.ts';
import { addSignedUpload, addUpload, SIGNED } from './uploads-api.ts';

/** Creates the HTTP API of files and batches. */
export function createApp(options: AppOptions): App {
  const app: App = new Hono();
  const api = openApi(app, options);
  const { codes, reject, spoken } = api;
  addChecks(api);
  const { adapter } = spoken.dialect;
  if (adapter === 'anthropic') addMessageBatches(api);
  else if (adapter === 'together') addSignedUpload(api);
  else addUpload(api);
  addFiles(api);
  addBatches(api);
  if (adapter === undefined) addModels(api);
  for (const endpoint of REALTIME_ENDPOINTS)
    app.post(
      endpoint,
      api.route('realtime', (c) => options.realtime.answer(c)),
    );
  app.notFound((c) => reject(c, 404, codes('not found'), `${c.req.method} ${c.req.path} is not there.`));
  app.onError((error, c) => c.json(errorBody(spoken, codes('failure'), error.message) as object, 500));
  return app;
}

/** Checks the key of every call, and records the call. */
function addChecks({ app, state, spoken, apiKey, reject, codes, record }: Api): void {
  app.use(async (c, next) => {
    const isSigned = c.req.path.startsWith(SIGNED);
    const problem = isSigned ? undefined : authProblem(c.req.header(), apiKey, spoken.dialect);
    if (problem === undefined) await next();
    else c.res = reject(c, 401, codes(problem), 'The key is missing or not valid.');
    c.header('x-request-id', `req_${state.batches.size}_${state.files.size}`);
    if (!c.res.headers.has('x-ratelimit-limit-requests')) {
      c.header('x-ratelimit-limit-requests', '1000');
      c.header('x-ratelimit-remaining-requests', '999');
    }
    record(recordOf(c));
  });
}

/** Endpoints with simulated answers. */
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
  // Melious accepts either header at every endpoint.
  const given = own ?? (name === 'melious' ? headers['x-api-key'] : undefined);
  if (given === undefined) return 'no key';
  return apiKey !== undefined && given !== apiKey ? 'wrong key' : undefined;
}

function recordOf(c: AppContext): RequestRecord {
  const { authorization: _a, 'x-api-key': _b, 'api-key': _c, ...headers } = c.req.header();
  return { method: c.req.method, path: c.req.path, headers, status: c.res.status };
}
