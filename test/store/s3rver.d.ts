declare module '@20minutes/s3rver' {
  import type { RequestListener } from 'node:http';

  /** The part of the API that the tests use. The package has no types. */
  export default class S3rver {
    constructor(options: {
      directory: string;
      silent: boolean;
      vhostBuckets: boolean;
      allowMismatchedSignatures: boolean;
    });
    callback(): RequestListener;
  }
}
