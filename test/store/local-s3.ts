import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from '@20minutes/s3rver';
import type { S3Client } from '@aws-sdk/client-s3';
import { createS3Client } from '../../src/store/s3-client.ts';

/** An S3 server in this process. */
export interface LocalS3 {
  readonly url: string;
  readonly client: S3Client;
  /** Moves the creation time of every object back by these milliseconds. */
  age(milliseconds: number): Promise<void>;
  /** Breaks the next responses to GETs of objects after these numbers of bytes, one number per response. */
  breakNext(...bytes: number[]): void;
  close(): Promise<void>;
}

/**
 * s3rver with three corrections: it supports `If-None-Match: *`, an object can be read while it is overwritten, and responses can break. Its other
 * differences from S3: bucket calls need `allowMismatchedSignatures`; trailing checksums fail, which ours are not; lists
 * have one page (Node no longer has DES); "bytes=0-0" means "from 0 on"; a range of an empty object promises a byte that never comes, where S3
 * returns 416; lists go folder by folder and escape XML twice; there are no versions. Tests of these use a mocked client.
 */
export async function startLocalS3(): Promise<LocalS3> {
  const directory = await mkdtemp(join(tmpdir(), 'nightshift-s3-'));
  const s3 = new S3rver({
    directory,
    silent: true,
    vhostBuckets: false,
    allowMismatchedSignatures: true,
  });
  const answer = s3.callback();
  const isTaken = createClaims();
  const inTurn = createTurns();
  const breaks: number[] = [];
  const server = createServer((request, response) => {
    if (isTaken(request)) {
      refuse(response);
      return;
    }
    const bytes = request.method === 'GET' ? breaks.shift() : undefined;
    if (bytes !== undefined) breakAfter(response, bytes);
    inTurn(request, response, () => answer(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  const client = createClient(address.port);
  return {
    url: `http://127.0.0.1:${address.port}`,
    client,
    async age(milliseconds) {
      const then = new Date(Date.now() - milliseconds);
      for (const file of await readdir(directory, { recursive: true }))
        await utimes(join(directory, file), then, then);
    },
    breakNext: (...bytes) => void breaks.push(...bytes),
    close: async () => {
      client.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function createClient(port: number): S3Client {
  return createS3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
  });
}

/** Decides which `If-None-Match: *` requests fail: all except the first for each key. */
function createClaims(): (request: IncomingMessage) => boolean {
  const taken = new Set<string>();
  return ({ method, url = '', headers }) => {
    const [key = ''] = url.split('?');
    if (method === 'DELETE') taken.delete(key);
    if (method !== 'PUT') return false;
    const refused = headers['if-none-match'] === '*' && taken.has(key);
    taken.add(key);
    return refused;
  };
}

/** Makes reads of a key wait for a write of the key, and the reverse, because s3rver would return a part of the object. */
function createTurns(): (request: IncomingMessage, response: ServerResponse, answer: () => void) => void {
  const last = new Map<string, Promise<unknown>>();
  return ({ method, url = '' }, response, answer) => {
    const [key = ''] = url.split('?');
    const looked = new Promise<void>((resolve) => {
      response.once('close', resolve);
      if (method === 'PUT') return;
      const writeHead = response.writeHead.bind(response);
      response.writeHead = ((...head: Parameters<typeof writeHead>) => {
        resolve();
        return writeHead(...head);
      }) as typeof writeHead;
    });
    const turn = (last.get(key) ?? Promise.resolve()).then(answer);
    const end = turn.then(() => looked).then(() => void (last.get(key) === end && last.delete(key)));
    last.set(key, end);
  };
}

function refuse(response: ServerResponse): void {
  response.writeHead(412, { 'Content-Type': 'application/xml' });
  response.end('<Error><Code>PreconditionFailed</Code><Message>The key is taken.</Message></Error>');
}

function breakAfter(response: ServerResponse, bytes: number): void {
  const write = response.write.bind(response);
  let left = bytes;
  response.write = (chunk: unknown): boolean => {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('An object is answered in buffers.');
    const piece = chunk.subarray(0, left);
    left -= piece.length;
    const written = write(piece);
    if (left === 0) setImmediate(() => response.socket?.destroy());
    return written;
  };
}
