import { ProviderNotFound, ProviderRejected } from '../../errors.ts';
import { parseExact } from '../../exact-json.ts';
import type {
  Batch,
  CreateBatch,
  DirectAnswer,
  DownloadOptions,
  FindBatch,
  ProviderClient,
  ProviderFile,
  UploadFile,
} from '../batch-provider.ts';
import type { Dialect } from '../dialects/schema.ts';
import { get, type Call } from '../http/call.ts';
import type { HttpOptions } from '../http/http-options.ts';
import { Http } from '../http/http.ts';
import { cutOff, readList } from '../read-list.ts';
import { required } from '../expected.ts';
import { asWire, readBatch } from '../wire.ts';
import { toBatchBody, toMessageParams } from './anthropic-request.ts';
import { withPlainLimits } from './anthropic-limits.ts';
import { readResults } from './anthropic-download.ts';
import { toRealtimeBody } from './anthropic-result.ts';

const BATCHES = '/messages/batches';
const VERSION = '2023-06-01';
/** File id of a provider without files. */
const NO_FILE = 'inline:';
/** Number of the newest batches that are recorded before a create. */
const NEWEST = 100;

/**
 * Anthropic's Message Batches: there are no files, a create carries its requests, and the results are found by the batch's id.
 * Request and result lines are converted.
 */
export class AnthropicClient implements ProviderClient {
  readonly #http: Http;
  readonly #dialect: Dialect;
  readonly #wait: (milliseconds: number) => Promise<void>;

  constructor(http: HttpOptions, dialect: Dialect) {
    this.#http = new Http({ ...http, headers: { 'anthropic-version': VERSION } });
    this.#dialect = dialect;
    this.#wait = http.wait;
  }

  close(): Promise<void> {
    return this.#http.close();
  }

  /** Records the upload. Nothing is sent before the create. */
  uploadFile({ name, bytes }: UploadFile): Promise<ProviderFile> {
    return Promise.resolve({ id: `${NO_FILE}${name}`, name, bytes });
  }

  findFile(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  findFiles(): Promise<readonly ProviderFile[]> {
    return Promise.resolve([]);
  }

  async createBatch({ inputFileId, open }: CreateBatch): Promise<Batch> {
    let bytes = 0;
    for await (const chunk of toBatchBody(open())) bytes += chunk.byteLength;
    return this.#batch({
      action: `create batch of ${inputFileId}`,
      method: 'POST',
      path: BATCHES,
      headers: { 'content-type': 'application/json', 'content-length': String(bytes) },
      body: toBatchBody(open()),
      repeatable: false,
    });
  }

  /** Finds a batch by id only: batches have neither metadata nor a file id. {@link listUnmarked} lists those that may be ours. */
  async findBatch({ batchId }: FindBatch): Promise<Batch | undefined> {
    if (batchId === undefined) return undefined;
    let found: Batch | undefined;
    await this.#readBatches(`find batch ${batchId}`, (batch) => {
      if (batch.id === batchId) found = batch;
      return found !== undefined;
    });
    return found;
  }

  async findBatches(wanted: FindBatch): Promise<readonly Batch[]> {
    const found = await this.findBatch(wanted);
    return found === undefined ? [] : [found];
  }

  /** The list is in order of creation, newest first. */
  async listUnmarked(known?: ReadonlySet<string>): Promise<readonly Batch[]> {
    const found: Batch[] = [];
    await this.#readBatches('list batches', (batch) => {
      if (known?.has(batch.id) === true) return true;
      found.push(batch);
      return known === undefined && found.length === NEWEST;
    });
    return found;
  }

  async #readBatches(action: string, visit: (batch: Batch) => boolean): Promise<void> {
    const call = get(action, BATCHES);
    const list = { call, query: {}, pages: 'after_id', wait: this.#wait } as const;
    const end = await readList(this.#http, list, (item) => {
      const batch = readMessageBatch(item, this.#dialect);
      return batch !== undefined && visit(batch);
    });
    if (end === 'cut off') throw cutOff(call);
  }

  getBatch(batchId: string): Promise<Batch> {
    return this.#batch(get(`get batch ${batchId}`, pathOf(batchId)));
  }

  async cancelBatch(batchId: string): Promise<void> {
    const path = `${pathOf(batchId)}/cancel`;
    await this.#http.json({ action: `cancel batch ${batchId}`, method: 'POST', path, repeatable: true });
  }

  /**
   * Downloads the results of a batch. Their length is unknown, but every request has a line. If lines are missing, the connection
   * may have closed early, so everything after the last line is requested once more.
   */
  async *download(batchId: string, { signal }: DownloadOptions = {}): AsyncGenerator<Buffer> {
    const counts = await this.#countsOf(batchId);
    const path = `${pathOf(batchId)}/results`;
    let received = 0;
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const before = received;
      for await (const lines of readResults(this.#http, { batchId, path, skipped: before, signal })) {
        received += lines.length;
        yield Buffer.concat(lines);
      }
      if (received >= (counts?.total ?? 0)) return;
    }
  }

  /** Falls back to the list if the batch is not found by its id. */
  async #countsOf(batchId: string): Promise<Batch['counts']> {
    try {
      return (await this.getBatch(batchId)).counts;
    } catch (error) {
      if (!(error instanceof ProviderNotFound || error instanceof ProviderRejected)) throw error;
      const listed = await this.findBatch({ batchId, inputFileId: '', metadata: {} });
      return listed?.counts;
    }
  }

  /** Sends a single message. The dialect has no other endpoint than chat completions. */
  async send(endpoint: string, body: string): Promise<DirectAnswer> {
    const params = toMessageParams(asWire(parseExact(body)) ?? {});
    const answer = await this.#http.answer(endpoint, '/messages', JSON.stringify(params));
    const { status, headers } = answer;
    return { status, headers: withPlainLimits(headers), body: toRealtimeBody(status, answer.body) };
  }

  fileBytes(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /**
   * Deletes nothing: results cannot be deleted without their batch, which a repeated collect needs. They expire after 29 days.
   */
  deleteFile(fileId: string): Promise<void> {
    if (fileId.startsWith(NO_FILE)) return Promise.resolve();
    return Promise.reject(
      new ProviderRejected(`delete ${fileId}: results stay until their batch is deleted.`),
    );
  }

  async #batch(call: Call): Promise<Batch> {
    const answer = await this.#http.json(call);
    return required(call.action, readMessageBatch(answer, this.#dialect), answer);
  }
}

/** A message batch; `undefined` for anything else. */
export function readMessageBatch(value: unknown, dialect: Dialect): Batch | undefined {
  const wire = asWire(value);
  if (wire === undefined) return undefined;
  const hasResults = typeof wire['results_url'] === 'string';
  const status = wire['processing_status'];
  const batch = readBatch({ ...wire, status, ...(hasResults && { output_file_id: wire['id'] }) }, dialect);
  if (batch?.ending !== 'succeeded') return batch;
  const { expired } = asWire(wire['request_counts']) ?? {};
  if (typeof expired === 'number' && expired > 0) return { ...batch, ending: 'expired' };
  return typeof wire['cancel_initiated_at'] === 'string' ? { ...batch, ending: 'cancelled' } : batch;
}

const pathOf = (batchId: string): string => `${BATCHES}/${encodeURIComponent(batchId)}`;
