import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';

/**
 * Creates a client for `createS3Store`. Credentials and region come from the environment, unless they are given.
 * @param where endpoint, region and credentials
 */
export function createS3Client(where: S3ClientConfig = {}): S3Client {
  const client = new S3Client({
    ...where,
    retryMode: 'standard',
    maxAttempts: 5,
    // Checksums are computed natively on writes. On reads, TLS and the promised length are the check.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // The SDK opens a new connection, with a new TLS handshake, for each request that has this header, which are all parts of a file.
    expectContinueHeader: false,
    requestHandler: {
      connectionTimeout: 5_000,
      // A timeout for idle time, not for the whole call: a part on a slow line may take minutes.
      socketTimeout: 60_000,
      httpsAgent: { keepAlive: true, maxSockets: 64 },
    },
  });
  client.middlewareStack.add(
    (next) => (args) => {
      leaveUnsigned(args.request);
      return next(args);
    },
    { step: 'build', name: 'leaveBodyUnsigned' },
  );
  return client;
}

/**
 * Leaves a body with a CRC-32 out of the signature, which covers the checksum instead, as the SDK itself does for streams. The
 * SHA-256 of the bytes would take as long as all other work of an upload.
 */
function leaveUnsigned(request: unknown): void {
  const { headers } = request as { readonly headers: Record<string, string> };
  if (headers['x-amz-checksum-crc32'] === undefined) return;
  headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
}
