import type { Api } from './api.ts';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { frameLines } from '../src/jsonl/lines.ts';
import { message, messageBatchSchema, messageSchema, requestLines, resultLine } from './anthropic.ts';
import { batchesPath } from './calls.ts';
import { corruptContent } from './corrupt-content.ts';
import { createUnlessFull } from './create-unless-full.ts';
import { EnqueuedTokensExceeded } from './enqueued-tokens.ts';
import { isRangeFault } from './fault-script.ts';

/** Adds Anthropic's own routes: a create that contains its requests, and results by the batch's id. */
export function addMessageBatches({ app, state, provider, script, realtime, now, route, reject }: Api): void {
  const path = batchesPath({ adapter: 'anthropic' });
  app.all('/v1/files/*', (c) => reject(c, 404, 'not_found_error', 'There are no files.'));
  app.post(
    path,
    route('create', async (c) => {
      if (c.req.header('anthropic-version') === undefined)
        return reject(c, 400, 'invalid_request_error', 'anthropic-version: header is required');
      const body = messageBatchSchema.safeParse(await c.req.json().catch(() => undefined));
      if (!body.success) return reject(c, 400, 'invalid_request_error', 'requests: not a list of requests');
      const batch = await createUnlessFull(provider, {
        inputFileId: keep(requestLines(body.data)),
        endpoint: '/v1/chat/completions',
        completionWindow: '24h',
        metadata: {},
      });
      if (batch instanceof EnqueuedTokensExceeded) return reject(c, 429, 'rate_limit_error', batch.message);
      return c.json(await provider.show(batch));
    }),
  );
  app.post(
    '/v1/messages',
    route('realtime', (c) => realtime.answer(c, MESSAGES)),
  );
  app.get(
    `${path}/:id/results`,
    route('content', async (c) => {
      const batch = state.batches.get(c.req.param('id') ?? '');
      if (batch?.end === undefined) return reject(c, 404, 'not_found_error', 'There are no results.');
      const { outputFileId } = batch.end;
      const lines = outputFileId === undefined ? Readable.from([]) : results(state.content(outputFileId));
      const fault = script.forContent();
      if (fault !== undefined && !isRangeFault(fault)) return corruptContent(lines, fault, c.env.outgoing);
      const headers = { 'content-type': 'application/x-jsonl' };
      return c.body(Readable.toWeb(Readable.from(lines)) as ReadableStream, 200, headers);
    }),
  );

  /** Stores requests as a file. The name is a hash of the requests, so that the same requests sent twice have one name. */
  function keep(lines: string): string {
    const id = state.nextId('file');
    writeFileSync(state.contentPath(id), lines);
    const name = createHash('sha256').update(lines).digest('hex');
    state.files.set(id, { id, name, purpose: 'batch', bytes: Buffer.byteLength(lines), createdAt: now() });
    return id;
  }
}

const MESSAGES = { url: '/v1/chat/completions', request: messageSchema, answer: message };

const MAX_LINE_BYTES = 512 * 1_048_576;

async function* results(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const lines of frameLines(content, MAX_LINE_BYTES)) {
    yield Buffer.from(lines.map(({ bytes }) => resultLine(bytes?.toString('utf8') ?? '')).join(''));
  }
}
