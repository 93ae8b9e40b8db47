import { createHash } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createS3Client } from '../../src/store/s3-client.ts';
import { createS3Store } from '../../src/store/s3-store.ts';
import { pattern } from './store-contract.ts';

interface Asked {
  readonly call: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The port of the client's end of the connection. */
  readonly from: number | undefined;
}

const asked: Asked[] = [];

/** Accepts multipart uploads and objects. */
const server = createServer((request, response) => {
  void answer(request).then((body) =>
    response.writeHead(200, { etag: '"1"', 'content-type': 'application/xml' }).end(body),
  );
});

/** Records a request, and returns the body of its answer. */
async function answer(request: IncomingMessage): Promise<string> {
  const { method, url = '', headers, socket } = request;
  const body = await buffer(request);
  const target = url.includes('partNumber') ? 'part' : url.includes('upload') ? 'upload' : 'object';
  asked.push({ call: `${method} ${target}`, headers, body, from: socket.remotePort });
  if (method !== 'POST') return '';
  return url.includes('uploads')
    ? '<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>'
    : '<CompleteMultipartUploadResult/>';
}

beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
afterAll(() => {
  client?.destroy();
  server.close();
});
beforeEach(() => asked.splice(0));

let client: ReturnType<typeof createS3Client> | undefined;

function openStore() {
  client ??= createS3Client({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-central-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  });
  return createS3Store('data', client);
}

const PART = 8 * 1_048_576;
const unsigned = 'UNSIGNED-PAYLOAD';
const bodies = (): Asked[] => asked.filter(({ call }) => call === 'PUT part' || call === 'PUT object');

test('the parts of a file use the connections of the requests before them', async () => {
  const writer = openStore().write('long');
  const content = pattern(PART);
  for (let part = 1; part <= 6; part += 1) await writer.write(content);
  await writer.close();

  expect(bodies()).toHaveLength(6);
  // Two parts are in flight at the same time.
  expect(new Set(asked.map(({ from }) => from)).size).toBeLessThanOrEqual(2);
  expect(asked.filter(({ headers }) => headers.expect !== undefined)).toEqual([]);
});

test.each([
  { of: 'an object', bytes: 3_000_000, calls: 1 },
  { of: 'an empty object', bytes: 0, calls: 1 },
  { of: 'a file of two parts', bytes: PART + 1, calls: 2 },
])('the signature of $of covers the CRC-32 of the bytes instead of their SHA-256', async (file) => {
  const writer = openStore().write('key');
  await writer.write(pattern(file.bytes));
  await writer.close();

  expect(bodies()).toHaveLength(file.calls);
  for (const { headers, body } of bodies()) {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(body));
    expect(headers['x-amz-checksum-crc32']).toBe(sum.toString('base64'));
    expect(headers['x-amz-content-sha256']).toBe(unsigned);
    const signed = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? '')?.[1]?.split(';');
    expect(signed).toEqual(expect.arrayContaining(['x-amz-checksum-crc32', 'x-amz-content-sha256']));
  }
});

test('the body of a request without a checksum is signed', async () => {
  const writer = openStore().write('long');
  await writer.write(pattern(PART + 1));
  await writer.close();

  const last = asked.at(-1);
  expect(last?.call).toBe('POST upload');
  expect(last?.body.includes('<ETag>')).toBe(true);
  const sha = createHash('sha256')
    .update(last?.body ?? '')
    .digest('hex');
  expect(last?.headers['x-amz-content-sha256']).toBe(sha);
});
