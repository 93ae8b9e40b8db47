import { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { StoreUnavailable } from '../errors.ts';
import type { OpenObject, OpenOptions } from './object-store.ts';
import { headObject, named, type S3Bucket } from './s3-bucket.ts';
import { changedObject } from './changed-object.ts';
import { isMissing, httpStatusOf, storeError } from './s3-errors.ts';

/**
 * Most connection breaks after which one body is continued; the count restarts after every {@link PROGRESS_BYTES} received. S3
 * closes a connection that is not read for a while, so a slow reader, such as an upload to a slow provider, has a break after
 * every few pieces.
 */
const MAX_BREAKS = 5;
const PROGRESS_BYTES = 16_384;

/** Opens an object. If the connection breaks, reading continues from the next byte. */
export async function openObject(
  bucket: S3Bucket,
  key: string,
  options: OpenOptions = {},
): Promise<OpenObject | undefined> {
  const { start = 0, end, version, etag } = options;
  if (end !== undefined && end <= start) return openNothing(bucket, key, version);
  let answer: GetObjectCommandOutput;
  try {
    answer = await bucket.client.send(getCommand(bucket, key, { start, end, version, etag: quoted(etag) }));
  } catch (error) {
    if (isMissing(error)) return undefined;
    if (etag !== undefined && httpStatusOf(error) === 412) throw changedObject(`s3://${bucket.name}/${key}`);
    // 416: the range starts at or after the end. An empty object has no valid range.
    if (httpStatusOf(error) === 416) return openNothing(bucket, key, version);
    throw storeError(error, { action: 's3:GetObject', bucket: bucket.name, key });
  }
  const length = lengthOf(bucket, key, answer);
  const body = new ResumingBody({ bucket, key, version, start, length }, answer);
  return { bytes: wholeSize(answer.ContentRange, length), body, close: () => body.close() };
}

/** Reads the bytes of an object or of a range of it; `undefined` if it does not exist. */
export async function readObject(
  bucket: S3Bucket,
  key: string,
  options?: OpenOptions,
): Promise<Buffer | undefined> {
  const object = await openObject(bucket, key, options);
  if (object === undefined) return undefined;
  const chunks: Buffer[] = [];
  for await (const chunk of object.body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

interface Reading {
  readonly bucket: S3Bucket;
  readonly key: string;
  readonly version: string | undefined;
  readonly start: number;
  /** Promised number of bytes. */
  readonly length: number;
}

class ResumingBody implements AsyncIterable<Buffer> {
  readonly #reading: Reading;
  readonly #etag: string | undefined;
  /** Offset of the byte after the last requested one. */
  readonly #stop: number;
  #stream: Readable;
  #position: number;
  #breaks = 0;
  #lastBreak: number;
  #closed = false;

  constructor(reading: Reading, answer: GetObjectCommandOutput) {
    this.#reading = reading;
    this.#etag = answer.ETag;
    this.#position = reading.start;
    this.#lastBreak = reading.start;
    this.#stop = reading.start + reading.length;
    this.#stream = streamOf(reading.bucket, reading.key, answer);
  }

  close(): void {
    this.#closed = true;
    this.#stream.destroy();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (;;) {
      let cause: unknown;
      try {
        for await (const chunk of this.#stream as AsyncIterable<Buffer>) {
          this.#position += chunk.length;
          yield chunk;
        }
      } catch (error) {
        cause = error;
      }
      if (this.#position >= this.#stop) return;
      this.#countBreak(cause);
      this.#stream = await this.#openRest();
    }
  }

  #countBreak(cause: unknown): void {
    const { bucket, key } = this.#reading;
    const where = `s3://${bucket.name}/${key}`;
    if (this.#closed) throw new StoreUnavailable(`${where} was closed while it was read.`);
    this.#breaks = this.#position - this.#lastBreak >= PROGRESS_BYTES ? 1 : this.#breaks + 1;
    this.#lastBreak = this.#position;
    if (this.#breaks <= MAX_BREAKS) return;
    const read = `${this.#position} of ${this.#stop} bytes`;
    throw new StoreUnavailable(`${where} broke off ${this.#breaks} times, the last time after ${read}.`, {
      cause,
    });
  }

  /** Opens the remaining bytes of the same object. If the object was replaced, its etag differs and S3 answers 412. */
  async #openRest(): Promise<Readable> {
    const { bucket, key, version } = this.#reading;
    const range = { start: this.#position, end: this.#stop, version, etag: this.#etag };
    const answer = bucket.client.send(getCommand(bucket, key, range));
    return streamOf(bucket, key, await named('s3:GetObject', bucket, key, answer));
  }
}

interface Range {
  readonly start: number;
  readonly end: number | undefined;
  readonly version: string | undefined;
  readonly etag?: string | undefined;
}

function getCommand(bucket: S3Bucket, key: string, { start, end, version, etag }: Range): GetObjectCommand {
  const whole = start === 0 && end === undefined;
  return new GetObjectCommand({
    Bucket: bucket.name,
    Key: key,
    VersionId: version,
    IfMatch: etag,
    Range: whole ? undefined : `bytes=${start}-${end === undefined ? '' : end - 1}`,
  });
}

/** With quotes, as S3 writes ETags. */
const quoted = (etag: string | undefined): string | undefined =>
  etag === undefined ? undefined : `"${etag}"`;

async function openNothing(
  bucket: S3Bucket,
  key: string,
  version: string | undefined,
): Promise<OpenObject | undefined> {
  const found = await headObject(bucket, key, version);
  if (found === undefined) return undefined;
  return { bytes: found.ContentLength ?? 0, body: Readable.from([]), close: () => undefined };
}

/** The size after the slash of `bytes 0-9/100`, otherwise the length of the answer. */
function wholeSize(range: string | undefined, length: number): number {
  return range === undefined ? length : Number(range.slice(range.lastIndexOf('/') + 1));
}

/** The length of a body. Fails without a length, which S3 always sends: a truncated body would otherwise look complete. */
function lengthOf(bucket: S3Bucket, key: string, answer: GetObjectCommandOutput): number {
  if (answer.ContentLength !== undefined) return answer.ContentLength;
  streamOf(bucket, key, answer).destroy();
  throw new StoreUnavailable(`S3 answered s3:GetObject on s3://${bucket.name}/${key} without its length.`);
}

function streamOf(bucket: S3Bucket, key: string, { Body: body }: GetObjectCommandOutput): Readable {
  if (!(body instanceof Readable)) {
    throw new StoreUnavailable(`S3 answered s3:GetObject on s3://${bucket.name}/${key} without a body.`);
  }
  // An error before the first read must not end the process; the reader still gets it.
  return body.on('error', () => undefined);
}
