import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { LINK_SECONDS, type Links } from './links.ts';

/** Creates presigned URLs: their holder may do one operation, with the rights of the signer. */
export function createS3Links(bucket: string, client: S3Client): Links {
  const options = { expiresIn: LINK_SECONDS };
  return {
    download: (key) => getSignedUrl(client, new GetObjectCommand({ Bucket: bucket, Key: key }), options),
    upload: (key, bytes) => {
      // Both are signed headers: S3 rejects a request without them or with other values.
      const put = { Bucket: bucket, Key: key, IfNoneMatch: '*', ContentLength: bytes };
      return getSignedUrl(client, new PutObjectCommand(put), options);
    },
  };
}
