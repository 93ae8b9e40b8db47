/**
 * The one port through which every byte is kept. Two adapters: S3 (`s3-store.ts`) and a plain folder whose
 * files are the objects (`folder-store.ts`); `open-store.ts` picks one from `STORE`. Keys are `/`-separated,
 * never start with `/`, and may hold any characters S3 allows.
 */
export interface ObjectStore {
  /** `s3://bucket` or `file:///folder`: how this store was named. */
  readonly url: string;
  /** Where a person finds the object: `s3://bucket/key`, or the file's path. */
  locate(key: string): string;
  /** Opens an object for reading, or `undefined` when there is none. Reading fails with `StoreUnavailable`. */
  open(key: string, options?: OpenOptions): Promise<OpenObject | undefined>;
  /** A small object as a whole, or `undefined` when there is none. */
  get(key: string, options?: OpenOptions): Promise<Buffer | undefined>;
  /** Writes a small object as a whole; a reader sees the old or the new one, never a part. */
  put(key: string, bytes: Uint8Array | string): Promise<void>;
  /** Writes a small object only if the key is free, else returns false. Of two callers at the same time, exactly one succeeds. */
  createIfAbsent(key: string, bytes: Uint8Array | string): Promise<boolean>;
  /** Starts a streaming write. Nothing is visible under the key before `close` has resolved. */
  write(key: string): ObjectWriter;
  /** Joins objects, in order, into a new one; on S3 without moving the bytes through us where parts are large enough. */
  concat(key: string, sources: readonly string[]): Promise<void>;
  /** Puts an object under another key, too; in a folder both are one file. */
  copy(key: string, source: string): Promise<void>;
  /** The file that the object is, where objects are files of this machine: it can be read in place, and never changes. */
  readonly file?: (key: string) => string;
  /** What is known of an object without reading it, or `undefined` when there is none. */
  stat(key: string): Promise<ObjectInfo | undefined>;
  /** Every object whose key starts with the prefix (and comes after `after`), in key order (UTF-8 bytes). */
  list(prefix: string, options?: ListOptions): AsyncIterable<ListedObject>;
  /** Deletes an object; no error when there is none. */
  delete(key: string): Promise<void>;
}

export interface OpenOptions {
  /** First byte, 0-based. Default 0. */
  readonly start?: number;
  /** Byte after the last one. Default: the object's end. */
  readonly end?: number;
  /** S3 version id; ignored by stores without versions. */
  readonly version?: string | undefined;
  /** Read only the object that has this {@link ObjectInfo.etag}; another one, or one that changes meanwhile, fails with `InvalidInput`. */
  readonly etag?: string | undefined;
}

export interface ListOptions {
  /** List only keys behind this one. */
  readonly after?: string | undefined;
}

export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
  /** Changes whenever the object is written anew. */
  readonly mark: string;
  /** When it was written, milliseconds since 1970; for a file, as the file system has it. */
  readonly writtenAt: number;
}

export interface ObjectInfo {
  readonly bytes: number;
  /** The same as in a listing. */
  readonly mark: string;
  /** The same as in a listing. */
  readonly writtenAt: number;
  /** S3 version id; absent for stores without versions. */
  readonly version?: string | undefined;
  /** Another one for another content: S3's ETag; of a file, its time and size. */
  readonly etag?: string | undefined;
}

export interface OpenObject {
  /** The object's whole size in bytes, also when a range was asked for. */
  readonly bytes: number;
  readonly body: AsyncIterable<Buffer>;
  /** Gives the connection or file handle back when the body is not read to its end. */
  close(): void;
}

export interface ObjectWriter {
  /** Bytes taken so far. */
  readonly bytes: number;
  /**
   * Takes a chunk. Without a promise it is taken already; else await it, for back-pressure. The chunk may be reused by the
   * caller then.
   */
  write(chunk: Uint8Array | string): Promise<void> | undefined;
  /** Makes the object visible. */
  close(): Promise<void>;
  /** Drops what was written. Safe after a failure and after `close`. */
  abort(): Promise<void>;
}
