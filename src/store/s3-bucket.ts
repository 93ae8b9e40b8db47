import { setTimeout as wait } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  HeadObjectCommand,
  PutObjectCommand,
  S3ServiceException,
  type HeadObjectCommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import { isMissing, statusOf, storeError, type S3Call } from './s3-errors.ts';

/** A bucket and the way to it. */
export interface S3Bucket {
  readonly client: S3Client;
  readonly name: string;
}

/** Tries of a conditional write that S3 answers 409: another writer is at the same key this moment. */
const CONFLICT_TRIES = 5;
const CONFLICT_WAIT_MS = 100;

/** Awaits an answer of S3; a failure is told with what was asked. */
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

/** CRC-32 as S3 takes it: base64 of four bytes, big end first. Native: twenty times the speed of the SDK's own. */
export function crc32Base64(bytes: Uint8Array): string {
  const sum = Buffer.allocUnsafe(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString('base64');
}

/** One PutObject. */
export async function putObject(bucket: S3Bucket, key: string, bytes: Uint8Array | string): Promise<void> {
  await named('s3:PutObject', bucket, key, bucket.client.send(putCommand(bucket, key, asBytes(bytes))));
}

/**
 * A PutObject for a free key only; false when it was taken. A try whose answer was lost may have won all the same, and
 * the SDK's next try is then told that the key is taken: the object carries its writer's mark, so that is found out.
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
      if (statusOf(error) === 412) return attemptsOf(error) > 1 && (await carriesMark(bucket, key, mark));
      if (statusOf(error) !== 409 || tries === CONFLICT_TRIES) {
        throw storeError(error, { action: 's3:PutObject', bucket: bucket.name, key });
      }
      await wait(CONFLICT_WAIT_MS * tries);
    }
  }
}

/** Size, etag and metadata of an object, or `undefined` when there is none. */
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

/** A browser that opens the object shows it; without a type it would only save it. */
function contentTypeOf(key: string): string {
  if (key.endsWith('.html')) return 'text/html; charset=utf-8';
  return key.endsWith('.json') ? 'application/json' : 'application/octet-stream';
}

async function carriesMark(bucket: S3Bucket, key: string, mark: string): Promise<boolean> {
  const found = await headObject(bucket, key);
  return found?.Metadata?.['writer'] === mark;
}

/** How often the SDK asked before it gave up. */
function attemptsOf(error: unknown): number {
  return error instanceof S3ServiceException ? (error.$metadata.attempts ?? 1) : 1;
}

function asBytes(bytes: Uint8Array | string): Uint8Array {
  return typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
}
