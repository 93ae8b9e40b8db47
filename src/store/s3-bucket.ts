import { setTimeout as wait } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  CopyObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3ServiceException,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { isMissing, httpStatusOf, storeError, type S3Call } from './s3-errors.ts';

/** A bucket with its client. */
export interface S3Bucket {
  readonly client: S3Client;
  readonly name: string;
}

/** Attempts for a conditional write that S3 answers with 409, because another writer is writing the same key. */
const CONFLICT_TRIES = 5;
const CONFLICT_WAIT_MS = 100;

/** Awaits an answer of S3; a failure names the request. */
export async function named<T>(
  action: S3Call['action'],
  bucket: S3Bucket,
  key: string,
  answer: Promise<T>,
): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    throw storeError(error, { action, bucket: bucket.name, key });
  }
}

/** CRC-32 in S3's form: base64 of four bytes, big-endian. Native code, twenty times as fast as the SDK's. */
export function crc32Base64(bytes: Uint8Array): string {
  const sum = Buffer.allocUnsafe(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString('base64');
}

/** Makes one PutObject. */
export async function putObject(bucket: S3Bucket, key: string, bytes: Uint8Array | string): Promise<void> {
  await named('s3:PutObject', bucket, key, bucket.client.send(putCommand(bucket, key, asBytes(bytes))));
}

/**
 * Makes a PutObject only if the key is free; returns false if it was taken. If the answer to the SDK's first attempt was lost,
 * the next attempt reports the key as taken, although the first one succeeded. The object has its writer's mark to detect this.
 */
export async function putObjectIfAbsent(
  bucket: S3Bucket,
  key: string,
  bytes: Uint8Array | string,
): Promise<boolean> {
  const mark = randomUUID();
  const body = asBytes(bytes);
  for (let tries = 1; ; tries += 1) {
    try {
      await bucket.client.send(putCommand(bucket, key, body, mark));
      return true;
    } catch (error) {
      if (httpStatusOf(error) === 412) return attemptsOf(error) > 1 && (await carriesMark(bucket, key, mark));
      if (httpStatusOf(error) !== 409 || tries === CONFLICT_TRIES) {
        throw storeError(error, { action: 's3:PutObject', bucket: bucket.name, key });
      }
      await wait(CONFLICT_WAIT_MS * tries);
    }
  }
}

/** Size, etag and metadata of an object, or `undefined` if it does not exist. */
export async function headObject(
  bucket: S3Bucket,
  key: string,
  version?: string,
): Promise<HeadObjectCommandOutput | undefined> {
  try {
    const command = new HeadObjectCommand({ Bucket: bucket.name, Key: key, VersionId: version });
    return await bucket.client.send(command);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw storeError(error, { action: 's3:GetObject', bucket: bucket.name, key });
  }
}

/**
 * Makes S3 copy a whole object of at most 5 GiB. If that object no longer has this `etag`, the copy fails (412). The copy has a
 * checksum of its bytes, even if the object was written in parts and has a checksum of theirs.
 */
export async function copyObject(
  bucket: S3Bucket,
  key: string,
  source: { readonly key: string; readonly etag: string | undefined },
): Promise<void> {
  const command = new CopyObjectCommand({
    Bucket: bucket.name,
    Key: key,
    CopySource: copySource(bucket, source.key),
    CopySourceIfMatch: source.etag,
    ChecksumAlgorithm: 'CRC32',
  });
  await named('s3:PutObject', bucket, key, bucket.client.send(command));
}

/** An object as the source of a copy: a path that is encoded for a URL. */
export function copySource(bucket: S3Bucket, key: string): string {
  return `${bucket.name}/${key.split('/').map(encodeURIComponent).join('/')}`;
}

function putCommand(bucket: S3Bucket, key: string, body: Uint8Array, mark?: string): PutObjectCommand {
  return new PutObjectCommand({
    Bucket: bucket.name,
    Key: key,
    Body: body,
    ContentLength: body.byteLength,
    ContentType: contentTypeOf(key),
    ChecksumCRC32: crc32Base64(body),
    ...(mark === undefined ? {} : { IfNoneMatch: '*', Metadata: { writer: mark } }),
  });
}

/** The content type of an object. A browser shows an object with this type; without a type, it only downloads the object. */
function contentTypeOf(key: string): string {
  if (key.endsWith('.html')) return 'text/html; charset=utf-8';
  return key.endsWith('.json') ? 'application/json' : 'application/octet-stream';
}

async function carriesMark(bucket: S3Bucket, key: string, mark: string): Promise<boolean> {
  const found = await headObject(bucket, key);
  return found?.Metadata?.['writer'] === mark;
}

/** Number of attempts of the SDK before it gave up. */
function attemptsOf(error: unknown): number {
  return error instanceof S3ServiceException ? (error.$metadata.attempts ?? 1) : 1;
}

function asBytes(bytes: Uint8Array | string): Uint8Array {
  return typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
}
