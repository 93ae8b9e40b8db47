import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProviderNotFound, ProviderRejected, ProviderUnavailable } from '../errors.ts';
import type {
  Batch,
  BatchProvider,
  CreateBatch,
  DirectAnswer,
  FindBatch,
  ProviderFile,
  ProviderSettings,
  UploadFile,
} from './batch-provider.ts';
import type { Dialect } from './dialects/schema.ts';
import { asProviderError, Http, TIMEOUTS, type Call, type Timeouts } from './http.ts';
import { multipartUpload } from './multipart.ts';
import { asWire, readBatch, readFile, readPage } from './wire.ts';

export interface ClientOptions {
  readonly settings: ProviderSettings;
  /** Asked for with every call, so that a rotated key is picked up; goes into the Authorization header only. */
  readonly apiKey: () => Promise<string>;
  readonly random?: () => number;
  /** Waits between the attempts of one call, in milliseconds. */
  readonly wait?: (milliseconds: number) => Promise<void>;
  readonly timeouts?: Partial<Timeouts>;
}

/** A list is looked through for at most this many pages of {@link PAGE_SIZE}. */
const MAX_PAGES = 1_000;
const PAGE_SIZE = 100;

/** Attempts to get a file up, a look for the lost one before each further attempt. */
const UPLOAD_ATTEMPTS = 3;

/** Looks at a file that has to be processed first, a second longer apart each time: 28 s. */
const PROCESSING_LOOKS = 7;
const PROCESSING_WAIT_MS = 1_000;

/** When a file goes by itself that was forgotten: the longest that OpenAI and Azure take, and longer than any job. */
const FILE_EXPIRY_SECONDS = 30 * 86_400;

export function createProviderClient(options: ClientOptions): ProviderClient {
  return new ProviderClient(options);
}

/** The Batch API over HTTP. Repeats only what is safe to repeat. */
class ProviderClient implements BatchProvider {
  readonly #http: Http;
  readonly #dialect: Dialect;
  readonly #wait: (milliseconds: number) => Promise<void>;

  constructor({ settings, apiKey, random, wait, timeouts }: ClientOptions) {
    this.#dialect = settings.dialect;
    this.#wait = wait ?? ((milliseconds) => sleep(milliseconds));
    this.#http = new Http({
      baseUrl: settings.baseUrl,
      apiKey,
      dialect: settings.dialect,
      random: random ?? Math.random,
      wait: this.#wait,
      timeouts: { ...TIMEOUTS, ...timeouts },
    });
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  /** An upload that did not answer may have arrived: it is looked for before it is made again. */
  async uploadFile(file: UploadFile): Promise<ProviderFile> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const uploaded = await this.#upload(file);
        await this.#untilProcessed(uploaded);
        return { ...uploaded, repeated: attempt > 1 };
      } catch (error) {
        if (!(error instanceof ProviderUnavailable) || attempt >= UPLOAD_ATTEMPTS) throw error;
        const arrived = await this.findFile(file.name);
        if (arrived !== undefined && (arrived.bytes ?? file.bytes) === file.bytes) {
          return { ...arrived, repeated: true };
        }
      }
    }
  }

  async #upload({ name, bytes, open }: UploadFile): Promise<ProviderFile> {
    const multipart = multipartUpload(
      { name, bytes, content: open() },
      { purpose: 'batch', ...expiryFields(this.#dialect) },
      `nightshift-${randomUUID()}`,
    );
    const call: Call = {
      action: `upload ${name}`,
      method: 'POST',
      path: '/files',
      headers: {
        'content-type': multipart.contentType,
        'content-length': String(multipart.contentLength),
      },
      body: multipart.body,
      repeatable: false,
    };
    return required(call, readFile(await this.#http.json(call)));
  }

  /** One that is not after so many looks is left to the create, which is repeated when it finds no file. */
  async #untilProcessed({ id, status }: ProviderFile): Promise<void> {
    if (this.#dialect.files.processedFirst !== true) return;
    let now = status;
    for (let look = 1; now !== undefined && now !== 'processed' && look <= PROCESSING_LOOKS; look += 1) {
      await this.#wait(PROCESSING_WAIT_MS * look);
      const call = get(`look at file ${id}`, `/files/${encodeURIComponent(id)}`);
      now = readFile(await this.#http.json(call))?.status;
    }
  }

  async findFile(name: string): Promise<ProviderFile | undefined> {
    const call = get(`find file ${name}`, '/files');
    const found = await this.#find(call, { purpose: 'batch', order: 'desc' }, (item) => {
      const file = readFile(item);
      return file?.name === name ? file : undefined;
    });
    if (found !== undefined) await this.#untilProcessed(found);
    return found;
  }

  async fileBytes(fileId: string): Promise<number | undefined> {
    try {
      const call = get(`look at file ${fileId}`, `/files/${encodeURIComponent(fileId)}`);
      return readFile(await this.#http.json(call))?.bytes;
    } catch (error) {
      if (error instanceof ProviderNotFound || error instanceof ProviderRejected) return undefined;
      throw error;
    }
  }

  async findFiles(name: string): Promise<readonly ProviderFile[]> {
    const found: ProviderFile[] = [];
    await this.#find(get(`find files ${name}`, '/files'), { purpose: 'batch' }, (item) => {
      const file = readFile(item);
      if (file?.name === name) found.push(file);
      return undefined;
    });
    return found;
  }

  async createBatch({ inputFileId, endpoint, completionWindow, metadata }: CreateBatch): Promise<Batch> {
    const { honours } = this.#dialect;
    const key = idempotencyKey(metadata);
    const call: Call = {
      action: `create batch of file ${inputFileId}`,
      method: 'POST',
      path: '/batches',
      headers: {
        'content-type': 'application/json',
        ...(honours.idempotencyKey === 'header' && { 'idempotency-key': key }),
      },
      body: JSON.stringify({
        input_file_id: inputFileId,
        endpoint,
        completion_window: completionWindow,
        ...(honours.metadata === true && { metadata }),
        ...(honours.idempotencyKey === 'body' && { idempotency_key: key }),
      }),
      repeatable: false,
    };
    return this.#batch(call);
  }

  /** By metadata where it is sent and the listed batch carries any, else by its input file: each round's file has one batch. */
  findBatch({ inputFileId, metadata }: FindBatch): Promise<Batch | undefined> {
    const wanted = Object.entries(metadata);
    const call = get(`find batch of file ${inputFileId}`, '/batches');
    return this.#find(call, {}, (item) => {
      const batch = readBatch(item, this.#dialect);
      if (batch === undefined) return undefined;
      const carriesAny = this.#dialect.honours.metadata === true && Object.keys(batch.metadata).length > 0;
      const matches = carriesAny
        ? wanted.every(([name, value]) => batch.metadata[name] === value)
        : batch.inputFileId === inputFileId;
      return matches ? batch : undefined;
    });
  }

  getBatch(batchId: string): Promise<Batch> {
    return this.#batch(get(`get batch ${batchId}`, `/batches/${encodeURIComponent(batchId)}`));
  }

  /** Repeatable: asking twice cancels once. A no says that it has ended already, or that there is no such call. */
  async cancelBatch(batchId: string): Promise<void> {
    if (this.#dialect.honours.cancel === false) return;
    const path = `/batches/${encodeURIComponent(batchId)}/cancel`;
    const call: Call = { action: `cancel batch ${batchId}`, method: 'POST', path, repeatable: true };
    try {
      await this.#http.json(call);
    } catch (error) {
      // OpenAI says 409, AIBrix 400, a server without the call 405: whichever it is, the next poll knows how the batch is.
      if (!(error instanceof ProviderRejected)) throw error;
    }
  }

  async *download(fileId: string): AsyncGenerator<Buffer> {
    const call: Call = {
      ...get(`download file ${fileId}`, `/files/${encodeURIComponent(fileId)}/content`),
      headers: { accept: 'application/jsonl, application/binary, */*' },
    };
    const { headers, body } = await this.#http.stream(call);
    const promised = Number(headers['content-length'] ?? Number.NaN);
    let received = 0;
    try {
      for await (const chunk of body) {
        received += (chunk as Buffer).byteLength;
        yield chunk as Buffer;
      }
    } catch (error) {
      throw asProviderError(call, error);
    }
    if (!Number.isNaN(promised) && received !== promised) {
      throw new ProviderUnavailable(`${call.action}: ${received} of ${promised} bytes arrived.`);
    }
  }

  async send(endpoint: string, body: string): Promise<DirectAnswer> {
    const { status, headers, text } = await this.#http.answer({
      action: `call ${endpoint}`,
      method: 'POST',
      // The base URL has the version already.
      path: endpoint.replace(/^\/v\d+(?=\/)/, ''),
      headers: { 'content-type': 'application/json' },
      body,
      repeatable: false,
    });
    return { status, headers, body: jsonOrText(text) };
  }

  async deleteFile(fileId: string): Promise<void> {
    if (this.#dialect.honours.deletion === false)
      throw new ProviderRejected(`delete file ${fileId}: this provider keeps its files.`);
    const path = `/files/${encodeURIComponent(fileId)}`;
    const call: Call = { action: `delete file ${fileId}`, method: 'DELETE', path, repeatable: true };
    try {
      await this.#http.json(call);
    } catch (error) {
      if (!(error instanceof ProviderNotFound)) throw error;
    }
  }

  async #batch(call: Call): Promise<Batch> {
    return required(call, readBatch(await this.#http.json(call), this.#dialect));
  }

  /** Goes through a list's pages until an item is the one; ends on a page that says so or brings nothing new. */
  async #find<Item>(
    call: Call,
    query: Readonly<Record<string, string>>,
    match: (item: unknown) => Item | undefined,
  ): Promise<Item | undefined> {
    let after: string | undefined;
    for (let pages = 0; pages < MAX_PAGES; pages += 1) {
      const search = new URLSearchParams({ ...query, limit: String(PAGE_SIZE), ...(after && { after }) });
      const page = required(
        call,
        readPage(await this.#http.json({ ...call, path: `${call.path}?${search.toString()}` })),
      );
      for (const item of page.items) {
        const found = match(item);
        if (found !== undefined) return found;
      }
      const last = asWire(page.items.at(-1))?.['id'];
      if (page.more === false || typeof last !== 'string' || last === after) return undefined;
      after = last;
    }
    throw new ProviderUnavailable(`${call.action}: the list has more than ${MAX_PAGES} pages.`);
  }
}

function expiryFields({ honours: { fileExpiry } }: Dialect): Readonly<Record<string, string>> {
  const seconds = String(FILE_EXPIRY_SECONDS);
  if (fileExpiry === 'brackets')
    return { 'expires_after[anchor]': 'created_at', 'expires_after[seconds]': seconds };
  if (fileExpiry === 'dots')
    return { 'expires_after.anchor': 'created_at', 'expires_after.seconds': seconds };
  return {};
}

/** The same for every try of one round of one shard, and for no other. */
function idempotencyKey(metadata: CreateBatch['metadata']): string {
  return metadata['key'] ?? JSON.stringify(metadata);
}

function get(action: string, path: string): Call {
  return { action, method: 'GET', path, repeatable: true };
}

function required<Value>({ action }: Call, value: Value | undefined): Value {
  if (value === undefined) throw new ProviderUnavailable(`${action}: the answer is not what was asked for.`);
  return value;
}

export type { ProviderClient };

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
