import { createReadStream, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerParent, listen } from './serve.ts';

/**
 * A provider in OpenAI's form that has the answers of each shard already: `ready-provider <output file of shard 0> …`. It discards
 * uploads, a batch has ended at its first poll, and a download is the file of the batch's shard.
 */
const outputs = process.argv.slice(2);
const CREATED_AT = 1_790_000_000;

/** The batches, by id. */
const batches = new Map<string, object>();
let files = 0;

answerParent(await listen((request, response) => void answer(request, response)));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? '', 'http://localhost').pathname;
  const call = `${request.method} /${path.split('/').slice(2, 3).join('/')}`;
  const id = path.split('/')[3] ?? '';
  if (path.endsWith('/content')) return sendFile(response, outputs[Number(id)] ?? '');
  if (call === 'POST /files') return sendJson(response, takeFile(await drain(request)));
  if (call === 'POST /batches') return sendJson(response, takeBatch(await readJson(request)));
  await drain(request);
  if (request.method === 'DELETE') return sendJson(response, { id, deleted: true });
  if (id === '') return sendJson(response, { object: 'list', data: [...batches.values()], has_more: false });
  sendJson(response, batches.get(id) ?? fileOf(id, 0));
}

function takeFile(bytes: number): object {
  files += 1;
  return fileOf(`in-${files}`, bytes);
}

const fileOf = (id: string, bytes: number): object => ({
  id,
  object: 'file',
  bytes,
  filename: `${id}.jsonl`,
  purpose: 'batch',
  created_at: CREATED_AT,
});

interface NewBatch {
  readonly input_file_id: string;
  readonly metadata: { readonly key: string };
}

/** The metadata names the shard: `<job>/<shard>/<round>`. */
function takeBatch({ input_file_id, metadata }: NewBatch): object {
  const shard = Number(metadata.key.split('/')[1]);
  const id = `batch_${batches.size}`;
  const batch = {
    id,
    object: 'batch',
    endpoint: '/v1/chat/completions',
    input_file_id,
    completion_window: '24h',
    status: 'completed',
    output_file_id: String(shard),
    error_file_id: null,
    created_at: CREATED_AT,
    metadata,
  };
  batches.set(id, batch);
  return { ...batch, status: 'validating', output_file_id: null };
}

function sendFile(response: ServerResponse, file: string): void {
  response.writeHead(200, {
    'content-type': 'application/octet-stream',
    'content-length': statSync(file).size,
  });
  createReadStream(file, { highWaterMark: 1_048_576 }).pipe(response);
}

function sendJson(response: ServerResponse, value: object): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

async function drain(request: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of request) bytes += (chunk as Buffer).length;
  return bytes;
}

async function readJson(request: IncomingMessage): Promise<NewBatch> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8')) as NewBatch;
}
