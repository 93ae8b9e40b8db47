import { createWriteStream, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { objectOf, rangeOf, readSegments, type Segment, type StoredObject } from './s3-objects.ts';
import { answerParent, listen } from './serve.ts';

/**
 * As much of S3 as the SDK needs to move objects: whole and ranged reads, writes, multipart uploads with copied parts, and lists
 * of one page. It checks neither signatures nor checksums, so that its own time does not matter.
 */

const folder = mkdtempSync(join(tmpdir(), 'nightshift-s3-sink-'));
const objects = new Map<string, StoredObject>();
const uploads = new Map<string, Map<number, readonly Segment[]>>();
let counts: Record<string, number> = {};
let files = 0;
let uploadIds = 0;

process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const url = await listen((request, response) => {
  answer(request, response).catch((error: unknown) => response.destroy(error as Error));
});
answerParent(url, { put, clear, counts: () => counts });

/** Stores a file's bytes under keys, without copying them. */
function put({ keys, file }: { readonly keys: readonly string[]; readonly file: string }): void {
  const object = objectOf([{ file, start: 0, end: statSync(file).size }]);
  for (const key of keys) objects.set(key, object);
}

/** Deletes everything below a prefix and the parts of all uploads, and resets all counts. */
function clear({ prefix }: { readonly prefix: string }): void {
  for (const key of [...objects.keys()].filter((each) => each.startsWith(prefix))) objects.delete(key);
  uploads.clear();
  counts = {};
  deleteUnused();
}

/** Deletes the files that no object uses, because the runs of a full size would fill a disk in memory. */
function deleteUnused(): void {
  const used = new Set([...objects.values()].flatMap(({ segments }) => segments.map(({ file }) => file)));
  for (const name of readdirSync(folder)) if (!used.has(join(folder, name))) rmSync(join(folder, name));
}

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** `<bucket>/<key>` */
  readonly key: string;
  readonly query: URLSearchParams;
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams: query } = new URL(request.url ?? '/', url);
  const asked: Asked = { request, response, key: decodeURIComponent(pathname.slice(1)), query };
  const { action, run } = route(asked);
  counts[action] = (counts[action] ?? 0) + 1;
  await run(asked);
}

interface Route {
  readonly action: string;
  readonly run: (asked: Asked) => void | Promise<void>;
}

function route({ request: { method, headers }, query }: Asked): Route {
  if (method === 'POST') {
    return query.has('uploads')
      ? { action: 'CreateMultipartUpload', run: createUpload }
      : { action: 'CompleteMultipartUpload', run: completeUpload };
  }
  if (method === 'PUT') {
    const isCopy = headers['x-amz-copy-source'] !== undefined;
    if (!query.has('partNumber'))
      return isCopy ? { action: 'CopyObject', run: copy } : { action: 'PutObject', run: putObject };
    return isCopy ? { action: 'UploadPartCopy', run: copyPart } : { action: 'UploadPart', run: uploadPart };
  }
  if (method === 'DELETE') return { action: 'DeleteObject', run: remove };
  if (query.has('list-type')) return { action: 'ListObjectsV2', run: list };
  return { action: method === 'HEAD' ? 'HeadObject' : 'GetObject', run: get };
}

async function store(request: IncomingMessage): Promise<readonly Segment[]> {
  files += 1;
  const file = join(folder, String(files));
  const target = createWriteStream(file, { highWaterMark: 1_048_576 });
  await pipeline(request, target);
  return [{ file, start: 0, end: target.bytesWritten }];
}

async function putObject({ request, response, key }: Asked): Promise<void> {
  const segments = await store(request);
  const taken = request.headers['if-none-match'] === '*' && objects.has(key);
  if (!taken) objects.set(key, objectOf(segments));
  if (taken) xml(response, 412, '<Error><Code>PreconditionFailed</Code><Message>taken</Message></Error>');
  else response.writeHead(200, { etag: '"1"' }).end();
}

function createUpload({ response, key }: Asked): void {
  uploadIds += 1;
  const id = String(uploadIds);
  uploads.set(id, new Map());
  const named = `<Bucket>b</Bucket><Key>${key.split('/').slice(1).join('/')}</Key><UploadId>${id}</UploadId>`;
  xml(response, 200, `<InitiateMultipartUploadResult>${named}</InitiateMultipartUploadResult>`);
}

async function uploadPart({ request, response, query }: Asked): Promise<void> {
  partsOf(query).set(Number(query.get('partNumber')), await store(request));
  response.writeHead(200, { etag: '"1"' }).end();
}

function copy({ request, response, key }: Asked): void {
  objects.set(key, sourceOf(request));
  xml(response, 200, '<CopyObjectResult><ETag>"1"</ETag></CopyObjectResult>');
}

function copyPart({ request, response, query }: Asked): void {
  const source = sourceOf(request);
  const [, start, end] = /bytes=(\d+)-(\d+)/.exec(String(request.headers['x-amz-copy-source-range'])) ?? [];
  partsOf(query).set(Number(query.get('partNumber')), rangeOf(source, Number(start), Number(end) + 1));
  xml(response, 200, '<CopyPartResult><ETag>"1"</ETag></CopyPartResult>');
}

function sourceOf({ headers }: IncomingMessage): StoredObject {
  const source = objects.get(decodeURIComponent(String(headers['x-amz-copy-source']).replace(/^\//, '')));
  if (source === undefined) throw new Error('The source of a copy is not there.');
  return source;
}

async function completeUpload({ request, response, key, query }: Asked): Promise<void> {
  for await (const _ of request);
  const parts = [...partsOf(query)].toSorted(([a], [b]) => a - b);
  objects.set(key, objectOf(parts.flatMap(([, segments]) => segments)));
  xml(response, 200, '<CompleteMultipartUploadResult><ETag>"1"</ETag></CompleteMultipartUploadResult>');
}

function partsOf(query: URLSearchParams): Map<number, readonly Segment[]> {
  const parts = uploads.get(query.get('uploadId') ?? '');
  if (parts === undefined) throw new Error('There is no such upload.');
  return parts;
}

function remove({ response, key, query }: Asked): void {
  if (!query.has('uploadId')) objects.delete(key);
  response.writeHead(204).end();
}

async function get({ request, response, key }: Asked): Promise<void> {
  const object = objects.get(key);
  if (object === undefined) {
    xml(response, 404, '<Error><Code>NoSuchKey</Code><Message>not there</Message></Error>');
    return;
  }
  const [, from, to] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
  const start = from === undefined ? 0 : Number(from);
  const end = to === undefined || to === '' ? object.bytes : Math.min(Number(to) + 1, object.bytes);
  const headers = { 'content-length': end - start, etag: '"1"', 'last-modified': new Date(0).toUTCString() };
  const range = { 'content-range': `bytes ${start}-${end - 1}/${object.bytes}` };
  response.writeHead(from === undefined ? 200 : 206, from === undefined ? headers : { ...headers, ...range });
  if (request.method === 'HEAD') response.end();
  else await pipeline(Readable.from(readSegments(rangeOf(object, start, end))), response);
}

function list({ response, key, query }: Asked): void {
  const bucket = key.split('/')[0] ?? '';
  const prefix = `${bucket}/${query.get('prefix') ?? ''}`;
  const found = [...objects]
    .filter(([name]) => name.startsWith(prefix))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const items = found.map(([name, { bytes }]) => {
    const shown = encodeURIComponent(name.slice(bucket.length + 1));
    return `<Contents><Key>${shown}</Key><Size>${bytes}</Size><ETag>"1"</ETag></Contents>`;
  });
  const head = '<IsTruncated>false</IsTruncated><EncodingType>url</EncodingType>';
  xml(response, 200, `<ListBucketResult>${head}${items.join('')}</ListBucketResult>`);
}

function xml(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0" encoding="UTF-8"?>${body}`);
}
