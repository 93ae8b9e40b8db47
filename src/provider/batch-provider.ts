import type { Dialect } from './dialects/schema.ts';
import type { FilePosition } from './http/ranges.ts';

/**
 * What the workflow asks of a provider, in our words: request and result lines are OpenAI's, whoever the provider is.
 * `client.ts` speaks it over HTTP; what differs between providers is data in `dialects/`, and code in `adapters/`. All methods fail with the named `Provider*` errors of `../errors.ts`.
 */
export interface BatchProvider {
  /**
   * Uploads a shard's request lines with purpose `batch`. `open` starts the body again from its first byte, so that
   * a safe retry is possible; `bytes` is its exact length.
   */
  uploadFile(file: UploadFile): Promise<ProviderFile>;
  /** The newest file with this name, looked for over all list pages; `undefined` when there is none. */
  findFile(name: string): Promise<ProviderFile | undefined>;
  /** Creates a batch. Never repeated by the client: when the answer is lost it fails with `ProviderUnavailable`. */
  createBatch(request: CreateBatch): Promise<Batch>;
  /**
   * The best batch created from this input file or carrying this metadata: one that runs before one that ended.
   * `undefined` when the complete list has none. @throws ProviderUnavailable when the list is not complete
   */
  findBatch(wanted: FindBatch): Promise<Batch | undefined>;
  /**
   * Every batch created from this input file or carrying this metadata: a create whose answer was lost may have made more than
   * one. @throws ProviderUnavailable when the list is not complete
   */
  findBatches(wanted: FindBatch): Promise<readonly Batch[]>;
  /**
   * Batches, newest first, as far as the first of `known`; without `known`, the newest ones. Absent where batches show what they
   * were created from. @throws ProviderUnavailable when the list is not complete
   */
  listUnmarked?(known?: ReadonlySet<string>): Promise<readonly Batch[]>;
  getBatch(batchId: string): Promise<Batch>;
  /**
   * Asks for cancellation; does nothing where the provider cannot cancel. Providers refuse the cancel of a batch that has ended:
   * the next poll shows how it is. @throws a `Provider*` error when it was not taken
   */
  cancelBatch(batchId: string): Promise<void>;
  /**
   * A file's content as it streams in; goes on where a connection breaks off. Fails with `ProviderUnavailable` when fewer bytes
   * arrive than `Content-Length` promised, and with `ProviderNotFound` when the file is gone.
   */
  download(fileId: string, options?: DownloadOptions): AsyncIterable<Buffer>;
  /** A file's size in bytes as the provider's list of files has it; `undefined` when it does not tell. */
  fileBytes(fileId: string): Promise<number | undefined>;
  /** Every file with this name. */
  findFiles(name: string): Promise<readonly ProviderFile[]>;
  /**
   * One realtime call: the body of a request line to its endpoint. Any answer is returned, whatever its status. Never
   * repeated by the client. @throws ProviderUnavailable when there is no answer
   */
  send(endpoint: string, body: string): Promise<DirectAnswer>;
  /** Deletes a file; succeeds if it does not exist. @throws ProviderRejected where files cannot be deleted */
  deleteFile(fileId: string): Promise<void>;
}

export interface DownloadOptions {
  /** Leaves out what an earlier download of the file has brought, if the provider lets it go on there. */
  readonly from?: FilePosition | undefined;
  /** Called before the first chunk. */
  readonly onStart?: ((start: DownloadStart) => void) | undefined;
  /** Ends the download. */
  readonly signal?: AbortSignal | undefined;
}

/** How a download begins; `bytes` is where in the file: 0, or where `from` was. */
export interface DownloadStart extends FilePosition {
  /** Another download may go on behind the bytes of this one. */
  readonly canGoOn: boolean;
}

/** A provider whose connections are closed when it is no longer needed. */
export interface ProviderClient extends BatchProvider {
  close(): Promise<void>;
}

/** The answer to a realtime call. */
export interface DirectAnswer {
  readonly status: number;
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON on one line, its values as they came; a JSON string when the answer was no JSON. */
  readonly body: string;
}

export interface UploadFile {
  /** `<jobId>-<shard>-r<round>.jsonl`: unique per shard and round, so that a lost upload is found again. */
  readonly name: string;
  readonly bytes: number;
  readonly open: () => AsyncIterable<Uint8Array>;
}

export interface ProviderFile {
  readonly id: string;
  readonly name: string;
  readonly bytes: number | undefined;
  /** The provider's string in lower case, where it has one. */
  readonly status?: string;
  /** An upload before this one got no answer: there may be another file of the name. */
  readonly repeated?: boolean;
}

export interface CreateBatch {
  readonly inputFileId: string;
  readonly endpoint: string;
  /** `24h`, or what the profile says. */
  readonly completionWindow: string;
  /** The uploaded request lines again, from their first byte: not every provider reads them from a file. */
  readonly open: () => AsyncIterable<Uint8Array>;
  /** Names job, shard and round; at most 16 pairs, keys <= 64 and values <= 512 characters. */
  readonly metadata: Readonly<Record<string, string>>;
}

export interface FindBatch {
  /** The batch's id, where it is known. */
  readonly batchId?: string;
  readonly inputFileId: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A provider's batch object, read tolerantly: missing, null and odd fields become `undefined`. */
export interface Batch {
  readonly id: string;
  /** The provider's string, verbatim. */
  readonly status: string;
  /** `running` for every status that is not known to be final: the deadline decides, not our guess. */
  readonly phase: 'running' | 'ended';
  /** How it ended; `undefined` while it runs. */
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
  /** The row, where the error says whose it is in a field. */
  readonly customId?: string;
}

/** Where a provider is and how it speaks: all of it safe to keep in job.json and in the state (no key). */
export interface ProviderSettings {
  /** The name in the configuration; also names its key in the secret (`{"melious":"sk-…"}`). */
  readonly name: string;
  /** With the version path, without a trailing slash: `https://api.melious.ai/v1`. */
  readonly baseUrl: string;
  /** As it was when the job was started: a deploy does not change how a running job speaks. */
  readonly dialect: Dialect;
}
