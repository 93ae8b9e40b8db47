import type { SimulatedBatch } from './batches.ts';
import { createUnlessFull } from './create-unless-full.ts';
import { EnqueuedTokensExceeded } from './enqueued-tokens.ts';
import { SimulatorState } from './state.ts';
import type { AppContext } from './app-options.ts';
import { parseWindow } from '../src/provider/completion-window.ts';
import { listAnswer } from './dialects.ts';
import type { Dialect } from '../src/provider/dialects/schema.ts';
import { batchesPath, readCreate } from './calls.ts';
import type { Api, ErrorAnswer } from './api.ts';

/** Adds the routes of batches: create, list, get, cancel. */
export function addBatches(api: Api): void {
  addCreate(api);
  addBatchList(api);
  addBatch(api);
  addCancel(api);
}

function addCreate(api: Api): void {
  const { app, route, state, provider, reject, codes, spoken } = api;
  const { dialect, quirks } = spoken;
  app.post(
    batchesPath(dialect),
    route('create', async (c) => {
      const body = readCreate(await c.req.json().catch(() => undefined), dialect);
      if (body === undefined)
        return reject(c, 400, codes('invalid request'), 'The body is not a batch request.');
      const problem = createProblem(body, dialect) ?? fileProblem(api, body);
      if (problem !== undefined) return reject(c, ...problem);
      const { inputFileId } = body;
      const idempotencyKey = idempotencyKeyOf(c, body.idempotencyKey, dialect);
      const earlier = [...state.batches.values()].find(
        (batch) => idempotencyKey !== undefined && batch.idempotencyKey === idempotencyKey,
      );
      if (earlier !== undefined && earlier.inputFileId !== inputFileId)
        return reject(c, 409, 'idempotency_conflict', 'The key was used for another request.');
      const batch = earlier ?? (await createUnlessFull(provider, { ...body, idempotencyKey }));
      if (batch instanceof EnqueuedTokensExceeded)
        return reject(c, 429, 'token_limit_exceeded', batch.message);
      const shown = await provider.show(batch);
      return c.json(dialect.adapter === 'together' ? { job: shown } : shown, quirks.created);
    }),
  );
}

type CreateBody = NonNullable<ReturnType<typeof readCreate>>;

/** The error of an invalid create, regardless of its file. */
function createProblem(
  { endpoint, completionWindow, metadata }: CreateBody,
  dialect: Dialect,
): ErrorAnswer | undefined {
  if (dialect.endpoints !== 'unknown' && !dialect.endpoints.includes(endpoint))
    return [400, 'invalid_value', `endpoint: ${endpoint}`];
  if (!takesWindow(dialect, completionWindow)) return [400, 'invalid_value', 'completion_window'];
  if (Object.keys(metadata).length > 16) return [400, 'invalid_value', 'metadata: at most 16 pairs'];
  return undefined;
}

function fileProblem({ state, codes }: Api, { inputFileId }: CreateBody): ErrorAnswer | undefined {
  const file = state.files.get(inputFileId);
  if (file === undefined) return [404, codes('not found'), 'No such input file.'];
  if ((file.looksUntilProcessed ?? 0) > 0)
    return [400, 'file_not_processed', 'The file is not processed yet.'];
  return undefined;
}

function addBatchList({ app, route, state, provider, spoken, now }: Api): void {
  app.get(
    batchesPath(spoken.dialect),
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
}

function addBatch({ app, route, state, provider, spoken, now, notFound }: Api): void {
  app.get(
    `${batchesPath(spoken.dialect)}/:id`,
    route('get', async (c) => {
      const batch = findBatch(state, c.req.param('id'), { call: 'get', now: now() });
      return batch === undefined ? notFound(c, 'batch') : c.json(await provider.show(batch));
    }),
  );
}

function addCancel({ app, route, state, provider, spoken: { dialect }, reject, codes, notFound }: Api): void {
  app.post(
    `${batchesPath(dialect)}/:id/cancel`,
    route('cancel', async (c) => {
      const batch = findBatch(state, c.req.param('id'));
      if (batch === undefined) return notFound(c, 'batch');
      if (dialect.honours.cancel !== true) return reject(c, 405, codes('not allowed'), 'Batches run on.');
      if (!provider.cancel(batch)) return reject(c, 409, 'batch_ended', 'The batch has ended.');
      return c.json(await provider.show(batch));
    }),
  );
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

/** A call that reads batches, with its time in milliseconds since 1970. */
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
