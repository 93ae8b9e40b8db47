import type { Adapter } from './adapters/adapter.ts';
import { idempotencyKey } from './adapters/openai.ts';
import type {
  Batch,
  CreateBatch,
  DirectAnswer,
  DownloadOptions,
  FindBatch,
  ProviderClient,
  ProviderFile,
  UploadFile,
} from './batch-provider.ts';
import { get, type Call } from './http/call.ts';
import { streamBody } from './http/content.ts';
import type { Dialect } from './dialects/schema.ts';
import type { HttpOptions } from './http/http-options.ts';
import { Http } from './http/http.ts';
import { betterBatch, isBestBatch, isWanted } from './match-batch.ts';
import { ProviderFiles } from './provider-files.ts';
import { cutOff, readList } from './read-list.ts';
import { required } from './expected.ts';

/** A file-based Batch API over HTTP. Repeats only calls that are safe to repeat. */
export class FileClient implements ProviderClient {
  readonly #http: Http;
  readonly #dialect: Dialect;
  readonly #adapter: Adapter;
  readonly #files: ProviderFiles;
  readonly #wait: (milliseconds: number) => Promise<void>;

  constructor(http: HttpOptions, dialect: Dialect, adapter: Adapter) {
    this.#http = new Http(http);
    this.#dialect = dialect;
    this.#adapter = adapter;
    this.#wait = http.wait;
    this.#files = new ProviderFiles(this.#http, dialect, adapter, http.wait);
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  uploadFile(file: UploadFile): Promise<ProviderFile> {
    return this.#files.upload(file);
  }

  findFile(name: string): Promise<ProviderFile | undefined> {
    return this.#files.find(name);
  }

  findFiles(name: string): Promise<readonly ProviderFile[]> {
    return this.#files.findAll(name);
  }

  fileBytes(fileId: string): Promise<number | undefined> {
    return this.#files.bytesOf(fileId);
  }

  deleteFile(fileId: string): Promise<void> {
    return this.#files.delete(fileId);
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

  /**
   * Finds a batch. Reads the whole list unless it finds the best possible batch: a cancelled twin may come before the running
   * one.
   */
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
   * Calls `visit` for every wanted batch in the list until it returns true.
   * @throws ProviderUnavailable when the list is incomplete
   */
  async #readBatches(wanted: FindBatch, visit: (batch: Batch) => boolean): Promise<void> {
    const call = get(`find batch of file ${wanted.inputFileId}`, this.#adapter.batchesPath);
    const list = { call, query: {}, pages: this.#adapter.lists, wait: this.#wait };
    const end = await readList(this.#http, list, (item) => {
      const batch = this.#adapter.readBatch(item, this.#dialect);
      return batch !== undefined && isWanted(batch, wanted, item) && visit(batch);
    });
    if (end === 'cut off') throw cutOff(call);
  }

  getBatch(batchId: string): Promise<Batch> {
    return this.#batch(get(`get batch ${batchId}`, this.#pathOf(batchId)));
  }

  /** Cancels a batch. May be repeated: a second cancel changes nothing. */
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

  async #batch(call: Call): Promise<Batch> {
    const answer = await this.#http.json(call);
    return required(call.action, this.#adapter.readBatch(answer, this.#dialect), answer);
  }

  #pathOf(batchId: string): string {
    return `${this.#adapter.batchesPath}/${encodeURIComponent(batchId)}`;
  }
}
