import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { LINK_SECONDS, type Links } from './links.ts';

/** Presigned addresses: whoever has one may do this one thing, with the rights of whoever signed it. */
export function createS3Links(bucket: string, client: S3Client): Links {
  const options = { expiresIn: LINK_SECONDS };
  return {
    download: (key) => getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: key }), options),
    upload: (key, bytes) => {
      // Both are signed headers: S3 refuses a request without them, or with others.
      const put = { Bucket: bucket, Key: key, IfNoneMatch: '*', ContentLength: bytes };
      return getSignedUrl(client, new PutObjectCommand(put), options);
    },
  };
}
