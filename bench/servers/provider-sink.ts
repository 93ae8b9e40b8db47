import { createReadStream, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerParent, listen } from './serve.ts';

/** Accepts and discards any upload; every download returns the file that the arguments name: `provider-sink <file>`. */
const [file = ''] = process.argv.slice(2);
const { size } = statSync(file);

answerParent(`${await listen((request, response) => void answer(request, response))}/v1`);

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let bytes = 0;
  for await (const chunk of request) bytes += (chunk as Buffer).length;
  if (request.method === 'GET' && request.url?.endsWith('/content') === true) {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': size });
    createReadStream(file, { highWaterMark: 1_048_576 }).pipe(response);
    return;
  }
  const object = {
    id: 'file-1',
    object: 'file',
    bytes,
    filename: 'a.jsonl',
    purpose: 'batch',
    created_at: 1_790_000_000,
  };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(object));
}
