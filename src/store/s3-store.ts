import { DeleteObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import type { ListedObject, ListOptions, ObjectInfo, ObjectStore } from './object-store.ts';
import { openObject, readObject } from './s3-body.ts';
import { headObject, named, putObject, putObjectIfAbsent, type S3Bucket } from './s3-bucket.ts';
import { concatObjects } from './s3-concat.ts';
import { PartPool, S3Writer } from './s3-writer.ts';

/**
 * A store in an S3 bucket. All methods fail with `StoreUnavailable` (transient) or `StoreRejected` (permanent). The client must
 * leave checksums to this adapter (`WHEN_REQUIRED`), which computes them natively.
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
    copy: (key, source) => concatObjects(bucket, key, [source]),
    concat: (key, sources, sizes) => concatObjects(bucket, key, sources, sizes),
    stat: (key) => statObject(bucket, key),
    list: (prefix, options) => listObjects(bucket, prefix, options),
    delete: (key) => deleteObject(bucket, key),
  };
}

/** Lists objects page by page. S3 lists in the order of the keys' UTF-8 bytes, 1,000 keys per page. */
async function* listObjects(
  bucket: S3Bucket,
  prefix: string,
  { after }: ListOptions = {},
): AsyncGenerator<ListedObject> {
  let token: string | undefined;
  do {
    const command = new ListObjectsV2Command({
      Bucket: bucket.name,
      Prefix: prefix,
      // Keys may contain characters that XML does not allow.
      EncodingType: 'url',
      StartAfter: after,
      ContinuationToken: token,
    });
    const page = await named('s3:ListBucket', bucket, prefix, bucket.client.send(command));
    for (const { Key: key = '', Size: bytes = 0, ...written } of page.Contents ?? []) {
      const writtenAt = written.LastModified?.getTime() ?? 0;
      yield {
        key: page.EncodingType === 'url' ? decodeKey(key) : key,
        bytes,
        mark: markOf(written),
        writtenAt,
      };
    }
    token = page.NextContinuationToken;
  } while (token !== undefined);
}

function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '));
}

async function statObject(bucket: S3Bucket, key: string): Promise<ObjectInfo | undefined> {
  const found = await headObject(bucket, key);
  if (found === undefined) return undefined;
  const writtenAt = found.LastModified?.getTime() ?? 0;
  const etag = found.ETag?.replaceAll('"', '');
  return {
    bytes: found.ContentLength ?? 0,
    mark: markOf(found),
    writtenAt,
    version: found.VersionId,
    etag,
  };
}

interface Written {
  readonly ETag?: string | undefined;
  readonly LastModified?: Date | undefined;
}

/** Listings and heads report the same etag and time, but only heads report the version. Times are in seconds. */
function markOf({ ETag = '', LastModified }: Written): string {
  return `${ETag.replaceAll('"', '')}-${Math.floor((LastModified?.getTime() ?? 0) / 1_000)}`;
}

async function deleteObject(bucket: S3Bucket, key: string): Promise<void> {
  const command = new DeleteObjectCommand({ Bucket: bucket.name, Key: key });
  await named('s3:DeleteObject', bucket, key, bucket.client.send(command));
}
