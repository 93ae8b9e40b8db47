import { ProviderNotFound, ProviderRejected, ProviderUnavailable } from '../../errors.ts';
import { parseExact } from '../../exact-json.ts';
import { frameLines } from '../../jsonl/lines.ts';
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
import { streamBody } from '../content.ts';
import { get, type Call } from '../call.ts';
import type { HttpOptions } from '../http-options.ts';
import { Http } from '../http.ts';
import { cutOff, readList } from '../read-list.ts';
import { asWire, readBatch, required } from '../wire.ts';
import { toMessageParams, toMessageRequest } from './anthropic-request.ts';
import { withPlainLimits } from './anthropic-limits.ts';
import { toRealtimeBody, toResultLine } from './anthropic-result.ts';

const BATCHES = '/messages/batches';
const VERSION = '2023-06-01';
/** File id of a provider without files. */
const NO_FILE = 'inline:';
/** How many of the newest batches are recorded before a create. */
const NEWEST = 100;
/** Longer than any request line. */
const MAX_LINE_BYTES = 2 ** 40;
/** Longer than any result line; more bytes without a newline are not results. */
const MAX_RESULT_BYTES = 512 * 1_048_576;

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

  /** Nothing is sent before the create. */
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
    for await (const chunk of createBody(open())) bytes += chunk.byteLength;
    return this.#batch({
      action: `create batch of ${inputFileId}`,
      method: 'POST',
      path: BATCHES,
      headers: { 'content-type': 'application/json', 'content-length': String(bytes) },
      body: createBody(open()),
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
    let received = 0;
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      const before = received;
      for await (const lines of this.#results(batchId, before, signal)) {
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

  /**
   * Result lines after the first `skipped`, converted to ours. Unreadable lines are passed on unchanged, so that they are
   * counted.
   * @throws ProviderUnavailable when the last line has no newline: it may be cut off, because the length of the file is unknown
   */
  async *#results(batchId: string, skipped: number, signal?: AbortSignal): AsyncGenerator<Buffer[]> {
    const call = get(`download results of batch ${batchId}`, `${pathOf(batchId)}/results`);
    let isPromised = false;
    const content = streamBody(
      this.#http,
      { ...call, headers: { accept: 'application/binary, */*' } },
      {
        signal,
        onStart: ({ length }) => {
          isPromised = length !== undefined;
        },
      },
    );
    const ending = new LastByte(call);
    let seen = 0;
    let unread: Buffer[] = [];
    for await (const lines of frameLines(ending.watch(content), MAX_RESULT_BYTES)) {
      ending.bytes = 0;
      const fresh = lines.slice(Math.max(0, skipped - seen)).map(({ bytes = NOTHING }) => bytes);
      seen += lines.length;
      const last = fresh.at(-1);
      if (last === undefined) continue;
      const handedOn = [...unread, ...fresh.map((bytes) => toResultLine(bytes) ?? rawLine(bytes))];
      unread = toResultLine(last) === undefined ? handedOn.splice(-1) : [];
      yield handedOn;
    }
    if (unread.length > 0 && !isPromised && !ending.isNewline)
      throw new ProviderUnavailable(`${call.action}: they end in the middle of a line.`);
    yield unread;
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

  /** Results cannot be deleted without their batch, which a repeated collect needs. They expire after 29 days. */
  deleteFile(fileId: string): Promise<void> {
    if (fileId.startsWith(NO_FILE)) return Promise.resolve();
    return Promise.reject(
      new ProviderRejected(`delete ${fileId}: results stay until their batch is deleted.`),
    );
  }

  async #batch(call: Call): Promise<Batch> {
    return required(call.action, readMessageBatch(await this.#http.json(call), this.#dialect));
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

const OPENING = Buffer.from('{"requests":[');
const CLOSING = Buffer.from(']}');
const COMMA = Buffer.from(',');

/** The body of a create, generated line by line. */
async function* createBody(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let first = true;
  yield OPENING;
  for await (const lines of frameLines(content, MAX_LINE_BYTES)) {
    const pieces: Buffer[] = [];
    for (const { bytes } of lines) {
      if (bytes === undefined) continue;
      if (!first) pieces.push(COMMA);
      first = false;
      pieces.push(Buffer.from(JSON.stringify(toMessageRequest(bytes))));
    }
    yield Buffer.concat(pieces);
  }
  yield CLOSING;
}

/** Tracks a stream's last byte, and the number of bytes since its last newline. */
class LastByte {
  readonly #call: Call;
  isNewline = false;
  bytes = 0;

  constructor(call: Call) {
    this.#call = call;
  }

  /** @throws ProviderUnavailable when far more bytes than a line come without a newline */
  async *watch(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      if (chunk.length > 0) this.isNewline = chunk.at(-1) === 0x0a;
      this.bytes += chunk.length;
      if (this.bytes > 2 * MAX_RESULT_BYTES)
        throw new ProviderUnavailable(`${this.#call.action}: ${this.bytes} bytes came without a line.`);
      yield chunk;
    }
  }
}

const NOTHING = Buffer.alloc(0);

const rawLine = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.from('\n')]);

const pathOf = (batchId: string): string => `${BATCHES}/${encodeURIComponent(batchId)}`;
