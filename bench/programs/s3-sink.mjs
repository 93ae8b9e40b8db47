// s3-sink.mjs <folder>: as much of S3 as our adapter asks for, over a folder. Prints its port; SIGTERM ends it.
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  appendFileSync,
  copyFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';

const root = process.argv[2];
const counts = {};
const count = (name) => (counts[name] = (counts[name] ?? 0) + 1);
const pathOf = (key) => join(root, key);
const etag = '"0123456789abcdef0123456789abcdef"';
let uploads = 0;

async function save(request, path) {
  mkdirSync(dirname(path), { recursive: true });
  await pipeline(request, createWriteStream(path, { highWaterMark: 1 << 20 }));
}

function range(request, size) {
  const match = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '');
  return match
    ? [Number(match[1]), match[2] ? Math.min(Number(match[2]), size - 1) : size - 1]
    : [0, size - 1];
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, 'http://s3');
  const key = decodeURIComponent(url.pathname.split('/').slice(2).join('/'));
  const query = url.searchParams;
  const xml = (body) =>
    response.writeHead(200, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?>${body}`);
  const upload = query.get('uploadId');
  if (request.method === 'GET' && query.has('list-type')) {
    count('list');
    return xml(list(query.get('prefix') ?? '', query.get('continuation-token')));
  }
  if (request.method === 'GET' || request.method === 'HEAD') {
    count(request.method.toLowerCase());
    const path = pathOf(key);
    if (!existsSync(path))
      return response
        .writeHead(404)
        .end(request.method === 'HEAD' ? '' : '<Error><Code>NoSuchKey</Code></Error>');
    const { size } = statSync(path);
    const [start, end] = range(request, size);
    response.writeHead(request.headers.range ? 206 : 200, {
      'content-length': Math.max(0, end - start + 1),
      etag,
      'last-modified': 'Sun, 01 Nov 2026 00:00:00 GMT',
      ...(request.headers.range && { 'content-range': `bytes ${start}-${end}/${size}` }),
    });
    if (request.method === 'HEAD' || size === 0) return response.end();
    return pipeline(createReadStream(path, { start, end, highWaterMark: 1 << 18 }), response).catch(
      () => undefined,
    );
  }
  if (request.method === 'POST' && query.has('uploads')) {
    count('createMultipartUpload');
    uploads += 1;
    return xml(
      `<InitiateMultipartUploadResult><UploadId>u${uploads}</UploadId></InitiateMultipartUploadResult>`,
    );
  }
  if (request.method === 'PUT' && upload !== null) {
    const part = join(root, '.parts', `${upload}-${query.get('partNumber').padStart(5, '0')}`);
    const source = request.headers['x-amz-copy-source'];
    if (source === undefined) {
      count('uploadPart');
      await save(request, part);
      return response.writeHead(200, { etag }).end();
    }
    count('uploadPartCopy');
    const from = pathOf(decodeURIComponent(source).split('/').slice(1).join('/'));
    const match = /bytes=(\d+)-(\d+)/.exec(request.headers['x-amz-copy-source-range'] ?? '');
    mkdirSync(dirname(part), { recursive: true });
    if (match && Number(match[2]) - Number(match[1]) + 1 < statSync(from).size)
      await pipeline(
        createReadStream(from, { start: Number(match[1]), end: Number(match[2]) }),
        createWriteStream(part),
      );
    else copyFileSync(from, part);
    return xml(`<CopyPartResult><ETag>${etag}</ETag></CopyPartResult>`);
  }
  if (request.method === 'POST' && upload !== null) {
    count('completeMultipartUpload');
    request.resume();
    await new Promise((resolve) => request.on('end', resolve));
    const parts = readdirSync(join(root, '.parts'))
      .filter((name) => name.startsWith(`${upload}-`))
      .toSorted((a, b) => (a < b ? -1 : 1));
    const [first, ...rest] = parts.map((name) => join(root, '.parts', name));
    for (const part of rest) {
      await pipeline(
        createReadStream(part, { highWaterMark: 1 << 20 }),
        createWriteStream(first, { flags: 'a' }),
      );
      rmSync(part);
    }
    mkdirSync(dirname(pathOf(key)), { recursive: true });
    renameSync(first, pathOf(key));
    return xml('<CompleteMultipartUploadResult></CompleteMultipartUploadResult>');
  }
  if (request.method === 'PUT') {
    count('put');
    await save(request, pathOf(key));
    return response.writeHead(200, { etag }).end();
  }
  count('delete');
  rmSync(pathOf(key), { force: true });
  return response.writeHead(204).end();
});

function list(prefix) {
  const found = [];
  const walk = (folder) => {
    for (const entry of existsSync(join(root, folder))
      ? readdirSync(join(root, folder), { withFileTypes: true })
      : []) {
      const key = join(folder, entry.name);
      if (entry.isDirectory()) walk(key);
      else if (key.startsWith(prefix)) found.push(key);
    }
  };
  walk(prefix.slice(0, prefix.lastIndexOf('/') + 1));
  const contents = found
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map(
      (key) =>
        `<Contents><Key>${encodeURIComponent(key)}</Key><Size>1</Size><ETag>${etag}</ETag><LastModified>2026-11-01T00:00:00.000Z</LastModified></Contents>`,
    );
  return `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`;
}

process.on('SIGTERM', () => {
  appendFileSync(join(root, '.calls'), `${JSON.stringify(counts)}\n`);
  process.exit();
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
