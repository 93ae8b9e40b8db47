import type { Dialect } from './dialects/schema.ts';
import type { FilePosition } from './http/ranges.ts';

/**
 * The operations of a provider that the workflow uses. Request and result lines have OpenAI's form at every provider. `client.ts`
 * implements it over HTTP; differences between providers are data in `dialects/` and code in `adapters/`. All methods fail with
 * the named `Provider*` errors of `../errors.ts`.
 */
export interface BatchProvider {
  /**
   * Uploads a shard's request lines with purpose `batch`. `open` reads the body again from its first byte, for retries; `bytes`
   * is its exact length.
   */
  uploadFile(file: UploadFile): Promise<ProviderFile>;
  /** The newest file with this name, searched in all pages of the list; `undefined` if there is none. */
  findFile(name: string): Promise<ProviderFile | undefined>;
  /** Creates a batch. Never repeated by the client: if the answer is lost, it fails with `ProviderUnavailable`. */
  createBatch(request: CreateBatch): Promise<Batch>;
  /**
   * The best batch created from this input file or with this metadata; a running batch is preferred to one that ended.
   * `undefined` if the complete list has none.
   * @throws ProviderUnavailable when the list is not complete
   */
  findBatch(wanted: FindBatch): Promise<Batch | undefined>;
  /**
   * Every batch created from this input file or with this metadata: a create whose answer was lost may have made more than one.
   * @throws ProviderUnavailable when the list is not complete
   */
  findBatches(wanted: FindBatch): Promise<readonly Batch[]>;
  /**
   * Lists batches, newest first, until the first of `known`; without `known`, the newest ones. Absent if batches show what they
   * were created from.
   * @throws ProviderUnavailable when the list is not complete
   */
  listUnmarked?(known?: ReadonlySet<string>): Promise<readonly Batch[]>;
  getBatch(batchId: string): Promise<Batch>;
  /**
   * Requests cancellation; does nothing if the provider cannot cancel. Providers reject the cancel of a batch that has ended; the
   * next poll shows its state.
   * @throws a `Provider*` error when the request was not accepted
   */
  cancelBatch(batchId: string): Promise<void>;
  /**
   * Streams a file's content; continues after a broken connection. Fails with `ProviderUnavailable` when fewer bytes arrive than
   * `Content-Length` promised, and with `ProviderNotFound` when the file is gone.
   */
  download(fileId: string, options?: DownloadOptions): AsyncIterable<Buffer>;
  /** A file's size in bytes from the provider's list of files; `undefined` if it is not reported. */
  fileBytes(fileId: string): Promise<number | undefined>;
  /** All files with this name. */
  findFiles(name: string): Promise<readonly ProviderFile[]>;
  /**
   * Makes one realtime call with the body of a request line. Returns any answer, whatever its status. Never repeated by the
   * client.
   * @throws ProviderUnavailable when there is no answer
   */
  send(endpoint: string, body: string): Promise<DirectAnswer>;
  /**
   * Deletes a file; succeeds if it does not exist.
   * @throws ProviderRejected if files cannot be deleted
   */
  deleteFile(fileId: string): Promise<void>;
}

export interface DownloadOptions {
  /** Skips the bytes that an earlier download has read, if the provider supports ranges. */
  readonly from?: FilePosition | undefined;
  /** Called before the first chunk. */
  readonly onStart?: ((start: DownloadStart) => void) | undefined;
  /** Ends the download. */
  readonly signal?: AbortSignal | undefined;
}

/** The start of a download; `bytes` is the position in the file: 0, or that of `from`. */
export interface DownloadStart extends FilePosition {
  /** True if another download may continue after the bytes of this one. */
  readonly canGoOn: boolean;
}

/** A provider that closes its connections when it is no longer needed. */
export interface ProviderClient extends BatchProvider {
  close(): Promise<void>;
}

/** The answer to a realtime call. */
export interface DirectAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON on one line, its values unchanged; a JSON string if the answer was not JSON. */
  readonly body: string;
}

export interface UploadFile {
  /** `<jobId>-<shard>-r<round>.jsonl`: unique per shard and round, so that a lost upload can be found. */
  readonly name: string;
  readonly bytes: number;
  readonly open: () => AsyncIterable<Uint8Array>;
}

export interface ProviderFile {
  readonly id: string;
  readonly name: string;
  readonly bytes: number | undefined;
  /** The provider's string in lower case, if it has one. */
  readonly status?: string;
  /** An earlier upload got no answer, so another file with this name may exist. */
  readonly repeated?: boolean;
}

export interface CreateBatch {
  readonly inputFileId: string;
  readonly endpoint: string;
  /** `24h`, or the profile's. */
  readonly completionWindow: string;
  /** Reads the uploaded request lines again from their first byte, for providers that do not read them from a file. */
  readonly open: () => AsyncIterable<Uint8Array>;
  /** Names job, shard and round; at most 16 pairs, keys <= 64 and values <= 512 characters. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface FindBatch {
  /** The batch's id, if known. */
  readonly batchId?: string;
  readonly inputFileId: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A provider's batch object, read leniently: missing, null and unexpected values become `undefined`. */
export interface Batch {
  readonly id: string;
  /** The provider's string, verbatim. */
  readonly status: string;
  /** True if the status is unknown. */
  readonly isUnknown?: true;
  /** `running` for every status that is not known to be final: the deadline decides, not a guess. */
  readonly phase: 'running' | 'ended';
  /** The batch's ending; `undefined` while it is running. */
  readonly ending: BatchEnding | undefined;
  readonly inputFileId: string | undefined;
  readonly outputFileId: string | undefined;
  readonly errorFileId: string | undefined;
  /** For display only: providers report nulls, zeros and impossible values. */
  readonly counts: BatchCounts | undefined;
  readonly errors: readonly BatchError[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Seconds since 1970. */
  readonly createdAt: number | undefined;
  readonly expiresAt: number | undefined;
}

export type BatchEnding = 'succeeded' | 'failed' | 'expired' | 'cancelled';

export interface BatchCounts {
  readonly total: number;
  readonly succeeded: number;
  readonly failed: number;
}

export interface BatchError {
  readonly code: string;
  readonly message: string;
  /** 1-based line of the uploaded file. */
  readonly line: number | undefined;
  /** The row's id, if a field of the error has it. */
  readonly customId?: string;
}

/** A provider's base URL and dialect. Contains no key, so it may be stored in job.json and in the state. */
export interface ProviderSettings {
  /** The name in the configuration; also names its key in the secret (`{"melious":"sk-…"}`). */
  readonly name: string;
  /** With the version path, without a trailing slash: `https://api.melious.ai/v1`. */
  readonly baseUrl: string;
  /** The dialect at the start of the job: a deploy does not change it for a running job. */
  readonly dialect: Dialect;
}
