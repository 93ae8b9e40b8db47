import { ProviderNotFound, ProviderRejected, ProviderUnavailable } from '../errors.ts';
import type { Adapter } from './adapters/adapter.ts';
import type { ProviderFile, UploadFile } from './batch-provider.ts';
import { get, type Call } from './http/call.ts';
import type { Dialect } from './dialects/schema.ts';
import type { Http } from './http/http.ts';
import { cutOff, readList } from './read-list.ts';
import { required } from './expected.ts';
import { readFile } from './wire.ts';

/** Attempts to upload a file. Each further attempt first searches for the lost file. */
const UPLOAD_ATTEMPTS = 3;

/** Most polls of a file that must be processed first. Each wait is a second longer than the last one: 28 s in all. */
const PROCESSING_LOOKS = 7;
const PROCESSING_WAIT_MS = 1_000;

/** Uploads, finds and deletes files at a provider. */
export class ProviderFiles {
  readonly #http: Http;
  readonly #dialect: Dialect;
  readonly #adapter: Adapter;
  readonly #wait: (milliseconds: number) => Promise<void>;

  constructor(http: Http, dialect: Dialect, adapter: Adapter, wait: (milliseconds: number) => Promise<void>) {
    this.#http = http;
    this.#dialect = dialect;
    this.#adapter = adapter;
    this.#wait = wait;
  }

  /** Uploads a file. An upload without an answer may have arrived, so the file is searched for before it is uploaded again. */
  async upload(file: UploadFile): Promise<ProviderFile> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const uploaded = await this.#uploadOnce(file);
        await this.#untilProcessed(uploaded);
        return { ...uploaded, repeated: attempt > 1 };
      } catch (error) {
        if (!(error instanceof ProviderUnavailable) || attempt >= UPLOAD_ATTEMPTS) throw error;
        const arrived = await this.find(file.name);
        if (arrived !== undefined && (arrived.bytes ?? file.bytes) === file.bytes) {
          return { ...arrived, repeated: true };
        }
      }
    }
  }

  async #uploadOnce(file: UploadFile): Promise<ProviderFile> {
    const uploaded = await this.#adapter.upload(this.#http, file, this.#dialect);
    return required(`upload ${file.name}`, uploaded);
  }

  /**
   * Waits until the file is processed. After the last poll the create is tried. If it does not find the file, the state machine
   * repeats it.
   */
  async #untilProcessed({ id, status }: ProviderFile): Promise<void> {
    if (this.#dialect.files.processedFirst !== true) return;
    let now = status;
    for (let look = 1; now !== undefined && now !== 'processed' && look <= PROCESSING_LOOKS; look += 1) {
      await this.#wait(PROCESSING_WAIT_MS * look);
      now = await this.#statusOf(id);
    }
  }

  /** The status of a file. A new file may not be found yet on all servers of the provider. */
  async #statusOf(fileId: string): Promise<string | undefined> {
    try {
      const call = get(`look at file ${fileId}`, `/files/${encodeURIComponent(fileId)}`);
      return readFile(await this.#http.json(call))?.status;
    } catch (error) {
      if (error instanceof ProviderNotFound) return 'not found';
      throw error;
    }
  }

  /** Finds a file by its name; undefined if the provider has no list. A second upload costs nothing. */
  async find(name: string): Promise<ProviderFile | undefined> {
    const call = get(`find file ${name}`, '/files');
    let found: ProviderFile | undefined;
    try {
      await this.#read(call, { order: 'desc' }, (item) => {
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

  /** The size of a file; ignores an object with another id, which describes another file. */
  async bytesOf(fileId: string): Promise<number | undefined> {
    try {
      const call = get(`look at file ${fileId}`, `/files/${encodeURIComponent(fileId)}`);
      const file = readFile(await this.#http.json(call));
      return file?.id === fileId ? file.bytes : undefined;
    } catch (error) {
      if (error instanceof ProviderNotFound || error instanceof ProviderRejected) return undefined;
      throw error;
    }
  }

  async findAll(name: string): Promise<readonly ProviderFile[]> {
    const found: ProviderFile[] = [];
    const call = get(`find files ${name}`, '/files');
    const end = await this.#read(call, {}, (item) => {
      const file = readFile(item);
      if (file?.name === name) found.push(file);
      return false;
    });
    if (end === 'cut off') throw cutOff(call);
    return found;
  }

  async delete(fileId: string): Promise<void> {
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

  #read(
    call: Call,
    query: Readonly<Record<string, string>>,
    visit: (item: unknown) => boolean,
  ): ReturnType<typeof readList> {
    const { filePurpose: purpose, lists: pages } = this.#adapter;
    return readList(this.#http, { call, query: { purpose, ...query }, pages, wait: this.#wait }, visit);
  }
}
