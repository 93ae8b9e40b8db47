import { setTimeout as sleep } from 'node:timers/promises';
import { ProviderNotFound, ProviderRejected, ProviderUnavailable } from '../errors.ts';
import type {
  Batch,
  CreateBatch,
  DirectAnswer,
  DownloadOptions,
  FindBatch,
  ProviderClient,
  ProviderFile,
  ProviderSettings,
  UploadFile,
} from './batch-provider.ts';
import type { Adapter } from './adapters/adapter.ts';
import { AnthropicClient } from './adapters/anthropic.ts';
import { MISTRAL } from './adapters/mistral.ts';
import { idempotencyKey, OPENAI } from './adapters/openai.ts';
import { TOGETHER } from './adapters/together.ts';
import { streamBody } from './content.ts';
import type { Dialect } from './dialects/schema.ts';
import { get, type Call } from './call.ts';
import { TIMEOUTS, type HttpOptions, type OwnHeader, type Timeouts } from './http-options.ts';
import { Http } from './http.ts';
import { betterBatch, isBestBatch, isWanted } from './match-batch.ts';
import { cutOff, readList } from './read-list.ts';
import { readFile, required } from './wire.ts';

export interface ClientOptions {
  readonly settings: ProviderSettings;
  /** Endpoints that rows may be sent to direct. Default: any. */
  readonly endpoints?: readonly string[];
  /** Called for every call, so that a rotated key takes effect. The key is sent only in the Authorization header. */
  readonly apiKey: () => Promise<string>;
  /** Headers that the configuration adds to every call. */
  readonly ownHeaders?: () => Promise<readonly OwnHeader[]>;
  readonly random?: () => number;
  /** Waits between the attempts of one call, in milliseconds. */
  readonly wait?: (milliseconds: number) => Promise<void>;
  readonly timeouts?: Partial<Timeouts>;
  /** Aborts every call in flight and every later one. */
  readonly signal?: AbortSignal | undefined;
}

/** Attempts to upload a file. Each further attempt first searches for the lost file. */
const UPLOAD_ATTEMPTS = 3;

/** Looks at a file that must be processed first, each a second later than the one before: 28 s in all. */
const PROCESSING_LOOKS = 7;
const PROCESSING_WAIT_MS = 1_000;

/** Creates the client for a dialect. No other code chooses the adapter. */
export function createProviderClient({
  settings: { baseUrl, dialect },
  endpoints,
  apiKey,
  ownHeaders,
  random = Math.random,
  signal,
  // An aborted wait resolves, and the call after it fails at once.
  wait = (milliseconds) => sleep(milliseconds, undefined, { signal }).catch(() => undefined),
  timeouts,
}: ClientOptions): ProviderClient {
  const limits = { ...TIMEOUTS, ...timeouts };
  const http = { baseUrl, apiKey, ownHeaders, dialect, endpoints, random, wait, signal, timeouts: limits };
  switch (dialect.adapter) {
    case 'anthropic':
      return new AnthropicClient(http, dialect);
    case 'mistral':
      return new FileClient(http, dialect, MISTRAL);
    case 'together':
      return new FileClient(http, dialect, TOGETHER);
    case 'openai':
    case undefined:
      return new FileClient(http, dialect, OPENAI);
  }
}

/** A file-based Batch API over HTTP. Repeats only calls that are safe to repeat. */
class FileClient implements ProviderClient {
  readonly #http: Http;
  readonly #dialect: Dialect;
  readonly #adapter: Adapter;
  readonly #wait: (milliseconds: number) => Promise<void>;

  constructor(http: HttpOptions, dialect: Dialect, adapter: Adapter) {
    this.#http = new Http(http);
    this.#dialect = dialect;
    this.#adapter = adapter;
    this.#wait = http.wait;
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  /** An upload without an answer may have arrived, so the file is searched for before it is uploaded again. */
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

  async #upload(file: UploadFile): Promise<ProviderFile> {
    const uploaded = await this.#adapter.upload(this.#http, file, this.#dialect);
    return required(`upload ${file.name}`, uploaded);
  }

  /** After the last look the create is tried, which the machine repeats if it does not find the file. */
  async #untilProcessed({ id, status }: ProviderFile): Promise<void> {
    if (this.#dialect.files.processedFirst !== true) return;
    let now = status;
    for (let look = 1; now !== undefined && now !== 'processed' && look <= PROCESSING_LOOKS; look += 1) {
      await this.#wait(PROCESSING_WAIT_MS * look);
      now = await this.#statusOf(id);
    }
  }

  /** The provider may not find a new file yet on all of its servers. */
  async #statusOf(fileId: string): Promise<string | undefined> {
    try {
      const call = get(`look at file ${fileId}`, `/files/${encodeURIComponent(fileId)}`);
      return readFile(await this.#http.json(call))?.status;
    } catch (error) {
      if (error instanceof ProviderNotFound) return 'not found';
      throw error;
    }
  }

  /** Without a list no file can be found. Uploading it twice costs nothing. */
  async findFile(name: string): Promise<ProviderFile | undefined> {
    const call = get(`find file ${name}`, '/files');
    let found: ProviderFile | undefined;
    try {
      await this.#read(call, { purpose: this.#adapter.filePurpose, order: 'desc' }, (item) => {
        const file = readFile(item);
        if (file?.name === name) found = file;
        return found !== undefined;
      });
      if (found !== undefined) await this.#untilProcessed(found);
      return found;
    } catch (error) {
      if (error instanceof ProviderNotFound || error instanceof ProviderRejected) return undefined;
      throw error;
    }
  }

  /** An object with another id does not describe this file. */
  async fileBytes(fileId: string): Promise<number | undefined> {
    try {
      const call = get(`look at file ${fileId}`, `/files/${encodeURIComponent(fileId)}`);
      const file = readFile(await this.#http.json(call));
      return file?.id === fileId ? file.bytes : undefined;
    } catch (error) {
      if (error instanceof ProviderNotFound || error instanceof ProviderRejected) return undefined;
      throw error;
    }
  }

  async findFiles(name: string): Promise<readonly ProviderFile[]> {
    const found: ProviderFile[] = [];
    const call = get(`find files ${name}`, '/files');
    const end = await this.#read(call, { purpose: this.#adapter.filePurpose }, (item) => {
      const file = readFile(item);
      if (file?.name === name) found.push(file);
      return false;
    });
    if (end === 'cut off') throw cutOff(call);
    return found;
  }

  async createBatch(request: CreateBatch): Promise<Batch> {
    const { honours } = this.#dialect;
    const call: Call = {
      action: `create batch of file ${request.inputFileId}`,
      method: 'POST',
      path: this.#adapter.batchesPath,
      headers: {
        'content-type': 'application/json',
        ...(honours.idempotencyKey === 'header' && { 'idempotency-key': idempotencyKey(request) }),
      },
      body: JSON.stringify(await this.#adapter.createBody(request, this.#dialect)),
      repeatable: false,
    };
    return this.#batch(call);
  }

  /** Reads the whole list unless it finds the best possible batch: a cancelled twin may come before the running one. */
  async findBatch(wanted: FindBatch): Promise<Batch | undefined> {
    let best: Batch | undefined;
    await this.#readBatches(wanted, (batch) => {
      best = betterBatch(best, batch, wanted);
      return isBestBatch(best, wanted);
    });
    return best;
  }

  async findBatches(wanted: FindBatch): Promise<readonly Batch[]> {
    const found = new Map<string, Batch>();
    await this.#readBatches(wanted, (batch) => {
      found.set(batch.id, batch);
      return false;
    });
    return [...found.values()];
  }

  /**
   * Calls `visit` for every wanted batch in the list until it returns true. @throws ProviderUnavailable when the list is
   * incomplete
   */
  async #readBatches(wanted: FindBatch, visit: (batch: Batch) => boolean): Promise<void> {
    const call = get(`find batch of file ${wanted.inputFileId}`, this.#adapter.batchesPath);
    const end = await this.#read(call, {}, (item) => {
      const batch = this.#adapter.readBatch(item, this.#dialect);
      return batch !== undefined && isWanted(batch, wanted, item) && visit(batch);
    });
    if (end === 'cut off') throw cutOff(call);
  }

  getBatch(batchId: string): Promise<Batch> {
    return this.#batch(get(`get batch ${batchId}`, this.#pathOf(batchId)));
  }

  /** May be repeated: a second cancel changes nothing. */
  async cancelBatch(batchId: string): Promise<void> {
    if (this.#dialect.honours.cancel === false) return;
    const path = `${this.#pathOf(batchId)}/cancel`;
    await this.#http.json({ action: `cancel batch ${batchId}`, method: 'POST', path, repeatable: true });
  }

  download(fileId: string, options?: DownloadOptions): AsyncGenerator<Buffer> {
    const call = get(`download file ${fileId}`, `/files/${encodeURIComponent(fileId)}/content`);
    const headers = { accept: 'application/jsonl, application/binary, */*' };
    return streamBody(this.#http, { ...call, headers }, options);
  }

  send(endpoint: string, body: string): Promise<DirectAnswer> {
    // The base URL already contains the version.
    return this.#http.answer(endpoint, endpoint.replace(/^\/v\d+(?=\/)/, ''), body);
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
    return required(call.action, this.#adapter.readBatch(await this.#http.json(call), this.#dialect));
  }

  #pathOf(batchId: string): string {
    return `${this.#adapter.batchesPath}/${encodeURIComponent(batchId)}`;
  }

  #read(
    call: Call,
    query: Readonly<Record<string, string>>,
    visit: (item: unknown) => boolean,
  ): ReturnType<typeof readList> {
    return readList(this.#http, { call, query, pages: this.#adapter.lists, wait: this.#wait }, visit);
  }
}
