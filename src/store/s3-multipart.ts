import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
  type CompletedPart,
} from '@aws-sdk/client-s3';
import { StoreUnavailable } from '../errors.ts';
import { copySource, crc32Base64, named, type S3Bucket } from './s3-bucket.ts';

/** S3's limits for a multipart upload; only the last part may be smaller than the minimum. */
export const MIN_PART_BYTES = 5 * 1_048_576;
export const MAX_PARTS = 10_000;

/** A range of another object as one part. If that object no longer has this `etag`, the copy fails (412). */
export interface CopyRange {
  readonly key: string;
  readonly etag: string | undefined;
  readonly start: number;
  readonly end: number;
}

/** One multipart upload: parts in any order, each number once, then `complete`. */
export class MultipartUpload {
  readonly #bucket: S3Bucket;
  readonly #key: string;
  readonly #id: string;
  readonly #parts: CompletedPart[] = [];

  private constructor(bucket: S3Bucket, key: string, id: string) {
    this.#bucket = bucket;
    this.#key = key;
    this.#id = id;
  }

  static async start(bucket: S3Bucket, key: string): Promise<MultipartUpload> {
    const command = new CreateMultipartUploadCommand({
      Bucket: bucket.name,
      Key: key,
      ChecksumAlgorithm: 'CRC32',
    });
    const { UploadId: id } = await named('s3:PutObject', bucket, key, bucket.client.send(command));
    if (id === undefined) throw new StoreUnavailable(`S3 began no upload of s3://${bucket.name}/${key}.`);
    return new MultipartUpload(bucket, key, id);
  }

  /** Uploads a part. The bytes must not change until the promise settles. */
  async upload(number: number, bytes: Uint8Array): Promise<void> {
    const checksum = crc32Base64(bytes);
    const command = new UploadPartCommand({
      ...this.#ids(),
      PartNumber: number,
      Body: bytes,
      ContentLength: bytes.byteLength,
      ChecksumCRC32: checksum,
    });
    const { ETag } = await this.#named(this.#bucket.client.send(command));
    this.#parts.push({ PartNumber: number, ETag, ChecksumCRC32: checksum });
  }

  /** Makes S3 copy a part, without moving its bytes through this process. */
  async copy(number: number, { key, etag, start, end }: CopyRange): Promise<void> {
    const command = new UploadPartCopyCommand({
      ...this.#ids(),
      PartNumber: number,
      CopySource: copySource(this.#bucket, key),
      CopySourceIfMatch: etag,
      CopySourceRange: `bytes=${start}-${end - 1}`,
    });
    const { CopyPartResult: part } = await this.#named(this.#bucket.client.send(command));
    this.#parts.push({ PartNumber: number, ETag: part?.ETag, ChecksumCRC32: part?.ChecksumCRC32 });
  }

  /** Makes the object visible. */
  async complete(): Promise<void> {
    const Parts = this.#parts.toSorted((a, b) => (a.PartNumber ?? 0) - (b.PartNumber ?? 0));
    const command = new CompleteMultipartUploadCommand({ ...this.#ids(), MultipartUpload: { Parts } });
    await this.#named(this.#bucket.client.send(command));
  }

  /** Deletes the parts once none is in flight. Never fails: the bucket's lifecycle rule removes what is left. */
  async abort(): Promise<void> {
    try {
      await this.#bucket.client.send(new AbortMultipartUploadCommand(this.#ids()));
    } catch {
      // Ignored, because the earlier failure is the one to report.
    }
  }

  #ids(): { Bucket: string; Key: string; UploadId: string } {
    return { Bucket: this.#bucket.name, Key: this.#key, UploadId: this.#id };
  }

  #named<T>(answer: Promise<T>): Promise<T> {
    return named('s3:PutObject', this.#bucket, this.#key, answer);
  }
}
