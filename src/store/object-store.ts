/**
 * The only interface for storing data. Two adapters: S3 (`s3-store.ts`) and a plain folder whose files are the objects
 * (`folder-store.ts`); `open-store.ts` picks one from `STORE`. Keys are `/`-separated, never start with `/`, and may contain any
 * characters that S3 allows.
 */
export interface ObjectStore {
  /** `s3://bucket` or `file:///folder`: the URL that opened this store. */
  readonly url: string;
  /** The address of the object for people: `s3://bucket/key`, or the path of the file. */
  locate(key: string): string;
  /** Opens an object for reading, or returns `undefined` if it does not exist. Reading fails with `StoreUnavailable`. */
  open(key: string, options?: OpenOptions): Promise<OpenObject | undefined>;
  /** Reads a whole small object, or returns `undefined` if it does not exist. */
  get(key: string, options?: OpenOptions): Promise<Buffer | undefined>;
  /** Writes a whole small object; a reader sees the old or the new one, never a part. */
  put(key: string, bytes: Uint8Array | string): Promise<void>;
  /**
   * Writes a small object only if the key is free, otherwise returns false. Of two simultaneous callers, exactly one succeeds.
   */
  createIfAbsent(key: string, bytes: Uint8Array | string): Promise<boolean>;
  /** Starts a streaming write. Nothing is visible under the key before `close` has resolved. */
  write(key: string): ObjectWriter;
  /**
   * Joins objects, in order, into a new one. S3 copies large parts itself, without moving the bytes through this process.
   * @param sizes bytes to take from the start of each source, so that a repeated join gives the same bytes even if the first
   * source is the joined object already. Default: the whole source.
   */
  concat(key: string, sources: readonly string[], sizes?: readonly number[]): Promise<void>;
  /** Copies an object to another key; in a folder both keys are links to one file. */
  copy(key: string, source: string): Promise<void>;
  /** Path of the object's file, if objects are files of this machine: it can be read in place and never changes. */
  readonly file?: (key: string) => string;
  /** Reads an object's metadata, or returns `undefined` if it does not exist. */
  stat(key: string): Promise<ObjectInfo | undefined>;
  /** Lists every object whose key starts with the prefix (and comes after `after`), in key order (UTF-8 bytes). */
  list(prefix: string, options?: ListOptions): AsyncIterable<ListedObject>;
  /** Deletes an object; no error if it does not exist. */
  delete(key: string): Promise<void>;
}

export interface OpenOptions {
  /** First byte, 0-based. Default: 0. */
  readonly start?: number;
  /** Byte after the last one. Default: the object's end. */
  readonly end?: number;
  /** S3 version id; ignored by stores without versions. */
  readonly version?: string | undefined;
  /**
   * Reads only the object with this {@link ObjectInfo.etag}; fails with `InvalidInput` for another one, or one that changes
   * meanwhile.
   */
  readonly etag?: string | undefined;
}

export interface ListOptions {
  /** Lists only keys after this one. */
  readonly after?: string | undefined;
}

export interface ListedObject {
  readonly key: string;
  readonly bytes: number;
  /** Changes whenever the object is rewritten. */
  readonly mark: string;
  /** The time at which it was written, milliseconds since 1970; for a file, its modification time. */
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
  /** Identifies the content: S3's ETag; for a file, its time and size. */
  readonly etag?: string | undefined;
}

export interface OpenObject {
  /** The object's whole size in bytes, also if only a range was requested. */
  readonly bytes: number;
  readonly body: AsyncIterable<Buffer>;
  /** Releases the connection or file handle if the body is not read to its end. */
  close(): void;
}

export interface ObjectWriter {
  /** Bytes written so far. */
  readonly bytes: number;
  /**
   * Writes a chunk. Returns undefined once the chunk is buffered; otherwise a promise to await, for back-pressure. After that the
   * caller may reuse the chunk.
   */
  write(chunk: Uint8Array | string): Promise<void> | undefined;
  /** Makes the object visible. */
  close(): Promise<void>;
  /** Drops everything written. Safe after a failure and after `close`. */
  abort(): Promise<void>;
}
