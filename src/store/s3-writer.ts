import { InFlight } from '../concurrency/in-flight.ts';
import { StoreRejected } from '../errors.ts';
import type { ObjectWriter } from './object-store.ts';
import { putObject, type S3Bucket } from './s3-bucket.ts';
import { MAX_PARTS, MultipartUpload } from './s3-multipart.ts';

/** Size of the first parts, in bytes. With two parts in flight and one being filled, a writer has three buffers: 24 MiB. */
const FIRST_PART_BYTES = 8 * 1_048_576;
const MAX_IN_FLIGHT = 2;
const SPARE_PARTS = 3;

/**
 * A part's size by its number, from 1. It doubles after every 2,000 parts: the 10,000 parts that S3 allows hold 2,000 x (8 + 16 +
 * 32 + 64 + 128) MiB = 484 GiB. A Lambda transfers 70 GB in its 15 minutes (78 MB/s), so its largest parts have 32 MiB.
 */
export function partBytes(number: number): number {
  return FIRST_PART_BYTES * 2 ** Math.floor((number - 1) / 2_000);
}

/** Part buffers for reuse: new buffers for every part would more than double the memory. */
export class PartPool {
  readonly #spare: Buffer[] = [];

  take(bytes: number): Buffer {
    const spare = bytes === FIRST_PART_BYTES ? this.#spare.pop() : undefined;
    return spare ?? Buffer.allocUnsafeSlow(bytes);
  }

  give(part: Buffer): void {
    if (part.length === FIRST_PART_BYTES && this.#spare.length < SPARE_PARTS) this.#spare.push(part);
  }
}

/** A streaming write: one PutObject if everything fits into the first part, otherwise a multipart upload. */
export class S3Writer implements ObjectWriter {
  bytes = 0;
  readonly #bucket: S3Bucket;
  readonly #key: string;
  readonly #pool: PartPool;
  #part: Buffer | undefined;
  #used = 0;
  #number = 1;
  #upload: MultipartUpload | undefined;
  readonly #inFlight = new InFlight();
  #ended = false;

  constructor(bucket: S3Bucket, key: string, pool: PartPool) {
    this.#bucket = bucket;
    this.#key = key;
    this.#pool = pool;
  }

  write(chunk: Uint8Array | string): Promise<void> | undefined {
    if (this.#ended || this.#inFlight.hasFailed) return this.#rejectWrite();
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    this.bytes += bytes.byteLength;
    const part = (this.#part ??= this.#pool.take(partBytes(this.#number)));
    if (this.#used + bytes.byteLength > part.length) return this.#spread(bytes);
    part.set(bytes, this.#used);
    this.#used += bytes.byteLength;
    return undefined;
  }

  async close(): Promise<void> {
    if (this.#ended || this.#inFlight.hasFailed) return this.#rejectWrite();
    try {
      await this.#finish();
      this.#end();
    } catch (error) {
      await this.abort();
      throw error;
    }
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#end();
    // A part that arrives after the abort would stay and cost money.
    await this.#inFlight.settle();
    await this.#upload?.abort();
  }

  async #finish(): Promise<void> {
    const rest = this.#part?.subarray(0, this.#used) ?? Buffer.alloc(0);
    if (this.#upload === undefined) return putObject(this.#bucket, this.#key, rest);
    if (rest.length > 0) await this.#send();
    await this.#inFlight.settle();
    this.#inFlight.throwFailure();
    await this.#upload.complete();
  }

  /** Fills parts with a chunk that does not fit into the current one. */
  async #spread(bytes: Uint8Array): Promise<void> {
    try {
      for (let from = 0; from < bytes.byteLength;) {
        if (this.#used === this.#part?.length) await this.#send();
        const part = (this.#part ??= this.#pool.take(partBytes(this.#number)));
        const piece = bytes.subarray(from, from + part.length - this.#used);
        part.set(piece, this.#used);
        this.#used += piece.byteLength;
        from += piece.byteLength;
      }
    } catch (error) {
      await this.abort();
      throw error;
    }
  }

  /** Uploads the current part as soon as fewer than {@link MAX_IN_FLIGHT} are in flight. */
  async #send(): Promise<void> {
    if (this.#number > MAX_PARTS) {
      throw new StoreRejected(`s3://${this.#bucket.name}/${this.#key} needs more than ${MAX_PARTS} parts.`);
    }
    const upload = (this.#upload ??= await MultipartUpload.start(this.#bucket, this.#key));
    while (this.#inFlight.size >= MAX_IN_FLIGHT) await this.#inFlight.next();
    this.#inFlight.throwFailure();
    this.#inFlight.start(() => this.#sendPart(upload));
  }

  /** Uploads a part. A failure is kept for the next `write` or `close`. */
  async #sendPart(upload: MultipartUpload): Promise<void> {
    const part = this.#part;
    if (part === undefined) return;
    const bytes = part.subarray(0, this.#used);
    const number = this.#number;
    this.#part = undefined;
    this.#used = 0;
    this.#number += 1;
    try {
      await upload.upload(number, bytes);
    } finally {
      this.#pool.give(part);
    }
  }

  #end(): void {
    this.#ended = true;
    if (this.#part !== undefined) this.#pool.give(this.#part);
    this.#part = undefined;
    this.#used = 0;
  }

  /**
   * Rejects a write: after a failed part, drops the upload and throws the part's error; after the end, nothing can be written.
   */
  async #rejectWrite(): Promise<never> {
    if (this.#ended) throw new Error(`s3://${this.#bucket.name}/${this.#key} was closed before this write.`);
    await this.abort();
    this.#inFlight.throwFailure();
    throw new Error(`The upload of s3://${this.#bucket.name}/${this.#key} was dropped.`);
  }
}
