import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import {
  billedRows,
  isOpen,
  statusAt,
  type LedgerBatch,
  type LedgerFile,
  type RequestLine,
} from './ledger-batch.ts';
import { readForm } from './ledger-form.ts';
import type { Misbehaviour } from './ledger-misbehaviour.ts';
import { shownContent } from './ledger-output.ts';
import { fail, PROXY_PAGE, redirected, sendReply, type Reply } from './ledger-reply.ts';
import { completionOf, outputOf, showBatch, showFile, showOutput } from './ledger-shown.ts';

/**
 * A second provider for tests, written only from the public description of OpenAI's Files and Batch API. It shares no code with the simulator or
 * with the code under test, and keeps a ledger of how often each row was paid for.
 */
export interface LedgerOptions {
  readonly clock: { now(): number };
  /** Duration of a batch in seconds of the clock. */
  readonly runSeconds?: number;
  readonly misbehaviour?: Misbehaviour;
}

export interface LedgerProvider extends AsyncDisposable {
  readonly url: string;
  readonly misbehaviour: Misbehaviour;
  /** How often each row was paid for in batches and realtime calls, by custom_id. */
  paidRows(): ReadonlyMap<string, number>;
  /** Rows that were paid for more than once. */
  paidTwice(): readonly string[];
  batches(): readonly LedgerBatch[];
  /** Ids of running batches, which cost money. */
  openBatches(): readonly string[];
  /** All requests in the order of their arrival, such as `GET /v1/batches/batch_1`. */
  calls(): readonly string[];
}

export async function startLedgerProvider(options: LedgerOptions): Promise<LedgerProvider> {
  const ledger = new Ledger(options);
  const server = createServer((request, response) => void ledger.serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    misbehaviour: ledger.misbehaviour,
    paidRows: () => ledger.paidRows(),
    paidTwice: () => [...ledger.paidRows()].flatMap(([id, times]) => (times > 1 ? [id] : [])),
    batches: () => [...ledger.batches.values()],
    openBatches: () => [...ledger.batches.values()].filter((each) => ledger.isOpen(each)).map(({ id }) => id),
    calls: () => ledger.calls,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

class Ledger {
  readonly misbehaviour: Misbehaviour;
  readonly batches = new Map<string, LedgerBatch>();
  readonly calls: string[] = [];
  readonly #files = new Map<string, LedgerFile>();
  readonly #realtime = new Map<string, number>();
  readonly #idempotency = new Map<string, string>();
  readonly #clock: { now(): number };
  readonly #runSeconds: number;
  #serial = 0;
  /** The part of a growing file that was sent in the last download. */
  #lastShown: Buffer | undefined;

  constructor({ clock, runSeconds = 300, misbehaviour = {} }: LedgerOptions) {
    this.#clock = clock;
    this.#runSeconds = runSeconds;
    this.misbehaviour = misbehaviour;
  }

  paidRows(): Map<string, number> {
    const paid = new Map(this.#realtime);
    for (const batch of this.batches.values()) {
      for (const id of billedRows(batch, this.#clock.now())) paid.set(id, (paid.get(id) ?? 0) + 1);
    }
    return paid;
  }

  isOpen(batch: LedgerBatch): boolean {
    return isOpen(batch, this.#clock.now());
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', 'http://provider');
    this.calls.push(`${request.method} ${url.pathname}`);
    const [kind, reply] = this.#answer(request, url, Buffer.concat(chunks));
    if (reply === 'reset') {
      request.socket.destroy();
      return;
    }
    sendReply(
      response,
      reply,
      this.misbehaviour.drip?.call === kind ? this.misbehaviour.drip.everyMs : undefined,
    );
  }

  #answer(request: IncomingMessage, url: URL, body: Buffer): readonly [string, Reply | 'reset'] {
    const [kind, reply] = this.#route(request, url, body);
    const { loginPages } = this.misbehaviour;
    const isContent = kind !== 'file' || url.pathname.endsWith('/content');
    if (loginPages === undefined || loginPages.call !== kind || !isContent || loginPages.times <= 0)
      return [kind, reply];
    loginPages.times -= 1;
    return [kind, { status: 200, body: PROXY_PAGE, headers: { 'content-type': 'text/html' } }];
  }

  #route(request: IncomingMessage, url: URL, body: Buffer): readonly [string, Reply | 'reset'] {
    const { method = 'GET' } = request;
    const [, , resource, id = '', action] = url.pathname.split('/');
    if (resource === 'store') return ['store', this.#stored(request, id)];
    if (request.headers.authorization === undefined) return ['denied', fail(401, 'invalid_api_key')];
    if (resource === 'chat') return ['realtime', this.#realtimeCall(body)];
    if (resource === 'files') return ['file', this.#fileCall(method, url, request, body)];
    if (resource !== 'batches') return ['unknown', fail(404)];
    if (method === 'POST' && id === '') return ['create', this.#create(request, body)];
    if (method === 'POST' && action === 'cancel') return ['cancel', this.#cancel(id)];
    return id === '' ? ['list', this.#list(url)] : ['get', this.#get(id)];
  }

  #fileCall(method: string, url: URL, request: IncomingMessage, body: Buffer): Reply {
    const [, , , id = '', content] = url.pathname.split('/');
    if (method === 'POST') return this.#upload(request, body);
    if (id === '') return this.#page(url, [...this.#files.values()].toReversed().map(showFile));
    const file = this.#files.get(id);
    if (file === undefined) return fail(404, 'not_found');
    if (method === 'DELETE') {
      this.#files.delete(id);
      return { status: 200, body: { id, object: 'file', deleted: true } };
    }
    const output = file.purpose === 'batch_output' ? (this.misbehaviour.output ?? {}) : {};
    // The object shows the size of the last download.
    if (content !== 'content')
      return { status: 200, body: showOutput({ ...file, content: this.#lastShown ?? file.content }, output) };
    const shown = shownContent(file.content, output);
    this.#lastShown = undefined;
    if ((output.growingLooks ?? 0) > 0) {
      output.growingLooks = (output.growingLooks ?? 0) - 1;
      this.#lastShown = shown;
    }
    const status = output.statusLooks?.shift();
    if (status === 299) return { status: 200, body: { error: { code: 'not_ready', message: 'Not ready.' } } };
    if (status === 204) return { status, body: Buffer.alloc(0) };
    if (status === 206) return { status, body: file.content.subarray(0, 40) };
    if (status !== undefined) return fail(status);
    const { redirects = 0, isZipped } = this.misbehaviour;
    if (redirects > 0) return redirected(request, `${'x'.repeat(redirects)}-${file.id}`);
    if (isZipped === true)
      return { status: 200, body: gzipSync(shown), headers: { 'content-encoding': 'gzip' } };
    const { isChunked, endless } = output;
    const length = { 'content-length': String(shown.length) };
    const isToldLength = isChunked !== true && endless === undefined;
    return { status: 200, body: shown, endless, ...(isToldLength && { headers: length }) };
  }

  /** A file store on another host. It rejects requests that contain a key, because the key does not belong to it. */
  #stored(request: IncomingMessage, path: string): Reply {
    const [, hops = '', id = ''] = /^(x+)-(.*)$/.exec(path) ?? [];
    if (request.headers.authorization !== undefined) return fail(400, 'key_leaked');
    if (hops.length > 1) return redirected(request, `${hops.slice(1)}-${id}`);
    return { status: 200, body: this.#files.get(id)?.content ?? Buffer.alloc(0) };
  }

  #upload(request: IncomingMessage, body: Buffer): Reply {
    const form = readForm(request.headers['content-type'] ?? '', body);
    if (form.file === undefined) return fail(400, 'no_file');
    const file = this.#keepFile(form.file.name, form.file.content, form.fields.get('purpose') ?? '');
    return { status: 200, body: showFile(file) };
  }

  #keepFile(name: string, content: Buffer, purpose: string): LedgerFile {
    const file = { id: this.#nextId('file'), name, content, purpose, createdAt: this.#clock.now() };
    this.#files.set(file.id, file);
    return file;
  }

  #create(request: IncomingMessage, body: Buffer): Reply | 'reset' {
    const refused = this.misbehaviour.refusedCreates?.shift();
    if (refused !== undefined) return this.#refuse(refused);
    const asked = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
    const file = this.#files.get(String(asked['input_file_id']));
    if (file === undefined) return fail(404, 'file_not_found');
    const key = request.headers['idempotency-key'] ?? asked['idempotency_key'];
    const earlier = typeof key === 'string' ? this.#idempotency.get(key) : undefined;
    if (earlier !== undefined) {
      const batch = this.batches.get(earlier);
      if (batch?.inputFileId !== file.id) return fail(409, 'idempotency_conflict');
      return { status: 200, body: this.#show(batch) };
    }
    const batch = this.#make(file, asked);
    if (typeof key === 'string') this.#idempotency.set(key, batch.id);
    if (this.misbehaviour.cancelledTwin === true) {
      const twin = this.#make(file, asked);
      twin.cancelledAt = twin.createdAt;
    }
    if (this.misbehaviour.twin !== undefined) this.#makeTwin(file, asked, this.misbehaviour.twin);
    const lost = this.misbehaviour.lostCreates?.shift();
    if (lost === undefined) return { status: 200, body: this.#show(batch) };
    return lost === 0 ? 'reset' : this.#refuse(lost);
  }

  #refuse(status: number): Reply {
    return this.misbehaviour.proxyPages === true ? { status, body: PROXY_PAGE } : fail(status);
  }

  #make(
    file: LedgerFile,
    asked: Record<string, unknown>,
    { neverEnds, endsEarly }: Misbehaviour = this.misbehaviour,
  ): LedgerBatch {
    const early = this.batches.size === (endsEarly?.after ?? 0) ? endsEarly : undefined;
    const lines = linesOf(file.content);
    const batch: LedgerBatch = {
      id: this.#nextId('batch'),
      inputFileId: file.id,
      endpoint: String(asked['endpoint']),
      window: String(asked['completion_window']),
      metadata: (asked['metadata'] ?? {}) as Record<string, string>,
      lines,
      createdAt: this.#clock.now(),
      denied: this.misbehaviour.deniedRows,
      error: this.#errorOf(lines),
      runSeconds: early?.runSeconds ?? (neverEnds === true ? Infinity : this.#runSeconds),
    };
    if (early !== undefined) batch.ended = early;
    if (batch.error !== undefined) batch.ended = { as: 'failed', finished: 0 };
    this.batches.set(batch.id, batch);
    return batch;
  }

  /** The error of a batch that fails as a whole because of one of these rows. */
  #errorOf(lines: readonly RequestLine[]): LedgerBatch['error'] {
    const { poison } = this.misbehaviour;
    const line = lines.findIndex(({ custom_id }) => custom_id === poison?.id) + 1;
    if (poison === undefined || line === 0) return undefined;
    const message = poison.says.replace('{line}', String(line));
    return { code: poison.code, message, line: null, param: null };
  }

  #makeTwin(
    file: LedgerFile,
    asked: Record<string, unknown>,
    { runSeconds, endsEarly }: NonNullable<Misbehaviour['twin']>,
  ): void {
    const { endsEarly: _first, ...misbehaviour } = this.misbehaviour;
    const made = this.#make(file, asked, misbehaviour);
    const twin = { ...made, ...(runSeconds !== undefined && { runSeconds }) };
    if (endsEarly !== undefined) twin.ended = endsEarly;
    this.batches.set(twin.id, twin);
  }

  #cancel(id: string): Reply {
    const batch = this.batches.get(id);
    if (batch === undefined) return fail(404);
    const { failedCancels, ignoresCancels } = this.misbehaviour;
    if (failedCancels !== undefined && failedCancels.times > 0) {
      failedCancels.times -= 1;
      return fail(failedCancels.status);
    }
    if (!this.isOpen(batch)) return fail(409, 'already_ended');
    if (ignoresCancels !== true) batch.cancelledAt ??= this.#clock.now();
    return { status: 200, body: this.#show(batch) };
  }

  #get(id: string): Reply {
    const batch = this.batches.get(id);
    if (batch === undefined || this.#isNotFound(batch))
      return fail(this.misbehaviour.notFound?.status ?? 404, 'not_found');
    const { output } = this.misbehaviour;
    if (output?.otherBatchLooks !== undefined && output.otherBatchLooks > 0) {
      output.otherBatchLooks -= 1;
      const other = {
        ...this.#show(batch),
        id: 'batch-of-others',
        input_file_id: 'file-of-others',
        metadata: {},
      };
      return { status: 200, body: { ...other, status: 'completed', output_file_id: 'file-of-others' } };
    }
    return { status: 200, body: this.#show(batch) };
  }

  #isNotFound(batch: LedgerBatch): boolean {
    const { notFound } = this.misbehaviour;
    const age = (this.#clock.now() - batch.createdAt) / 1_000;
    if (notFound === undefined || age < notFound.from || age >= notFound.to) return false;
    return notFound.onlyFirst !== true || this.batches.keys().next().value === batch.id;
  }

  #list(url: URL): Reply {
    const { listStatus, listLagSeconds = 0, notFound } = this.misbehaviour;
    if (listStatus !== undefined) return fail(listStatus);
    const shown = [...this.batches.values()].toReversed().filter((batch) => {
      const age = (this.#clock.now() - batch.createdAt) / 1_000;
      return age >= listLagSeconds && (notFound?.listed !== false || !this.#isNotFound(batch));
    });
    return this.#page(
      url,
      shown.map((batch) => this.#show(batch)),
    );
  }

  #page(url: URL, items: readonly { readonly id: string }[]): Reply {
    const { misbehaviour } = this;
    if (url.pathname.endsWith('/batches') && (misbehaviour.emptyPages ?? 0) > 0) {
      misbehaviour.emptyPages = (misbehaviour.emptyPages ?? 0) - 1;
      return { status: 200, body: { object: 'list', data: [], has_more: true } };
    }
    const limit = Number(url.searchParams.get('limit') ?? 20);
    const after = url.searchParams.get('after');
    const from = after === null ? 0 : items.findIndex(({ id }) => id === after) + 1;
    const data = items.slice(from, from + limit);
    const ends = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
    return { status: 200, body: { object: 'list', data, ...ends, has_more: from + limit < items.length } };
  }

  #show(batch: LedgerBatch): { readonly id: string } & Record<string, unknown> {
    const now = this.#clock.now();
    const { status, finished, endedAt } = statusAt(batch, now);
    if (endedAt !== undefined && batch.outputFileId === undefined && finished > 0)
      batch.outputFileId = this.#keepFile(
        `${batch.id}.jsonl`,
        outputOf(batch, finished, this.misbehaviour.output ?? {}),
        'batch_output',
      ).id;
    const isLate =
      endedAt !== undefined && now < endedAt + (this.misbehaviour.lateOutputSeconds ?? 0) * 1_000;
    const outputFileId = isLate || this.#isNull(endedAt) ? undefined : batch.outputFileId;
    return showBatch({ ...batch, outputFileId }, { status, finished }, this.misbehaviour);
  }

  #isNull(endedAt: number | undefined): boolean {
    const { output } = this.misbehaviour;
    if (endedAt === undefined || output?.nullLooks === undefined || output.nullLooks <= 0) return false;
    output.nullLooks -= 1;
    return true;
  }

  #realtimeCall(body: Buffer): Reply {
    const asked = JSON.parse(body.toString('utf8')) as RequestLine['body'];
    const prompt = asked.messages?.at(-1)?.content ?? '';
    const failing = this.misbehaviour.failingPrompts?.find(({ text }) => prompt.includes(text));
    if (failing !== undefined) {
      const { status, retryAfter } = failing;
      return {
        ...fail(status),
        ...(retryAfter !== undefined && { headers: { 'retry-after': String(retryAfter) } }),
      };
    }
    this.#realtime.set(prompt, (this.#realtime.get(prompt) ?? 0) + 1);
    return { status: 200, body: completionOf(asked) };
  }

  #nextId(prefix: string): string {
    this.#serial += 1;
    return `${prefix}-${String(this.#serial).padStart(6, '0')}`;
  }
}

function linesOf(content: Buffer): RequestLine[] {
  return content
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as RequestLine);
}
