import { DeleteObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import type { ObjectStore } from './object-store.ts';
import { openObject, readObject } from './s3-body.ts';
import { named, putObject, putObjectIfAbsent, type S3Bucket } from './s3-bucket.ts';
import { concatObjects } from './s3-concat.ts';
import { PartPool, S3Writer } from './s3-writer.ts';

/**
 * A store in an S3 bucket. All of it fails with `StoreUnavailable` (try again) or `StoreRejected` (it would not help).
 * The client should leave checksums to this adapter (`WHEN_REQUIRED`): it computes them natively.
 */
export function createS3Store(bucketName: string, client: S3Client): ObjectStore {
  const bucket: S3Bucket = { client, name: bucketName };
  const pool = new PartPool();
  return {
    url: `s3://${bucketName}`,
    locate: (key) => `s3://${bucketName}/${key}`,
    open: (key, options) => openObject(bucket, key, options),
    get: (key, options) => readObject(bucket, key, options),
    put: (key, bytes) => putObject(bucket, key, bytes),
    createIfAbsent: (key, bytes) => putObjectIfAbsent(bucket, key, bytes),
    write: (key) => new S3Writer(bucket, key, pool),
    concat: (key, sources) => concatObjects(bucket, key, sources),
    list: (prefix) => listObjects(bucket, prefix),
    delete: (key) => deleteObject(bucket, key),
  };
}

/** S3 lists in the order of the keys' UTF-8 bytes, a thousand a page. */
async function* listObjects(
  bucket: S3Bucket,
  prefix: string,
): AsyncGenerator<{ key: string; bytes: number }> {
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: bucket.name,
      Prefix: prefix,
      // Keys may hold characters that XML cannot.
      EncodingType: 'url',
      ContinuationToken: token,
    });
    const page = await named('s3:ListBucket', bucket, prefix, bucket.client.send(command));
    for (const { Key: key = '', Size: bytes = 0 } of page.Contents ?? []) {
      yield { key: page.EncodingType === 'url' ? decodeKey(key) : key, bytes };
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}

async function deleteObject(bucket: S3Bucket, key: string): Promise<void> {
  const command = new DeleteObjectCommand({ Bucket: bucket.name, Key: key });
  await named('s3:DeleteObject', bucket, key, bucket.client.send(command));
}
