import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll } from 'vitest';

/** A provider that returns what the test has set: bodies of realtime calls, files, results of message batches. */
export interface AnsweringServer {
  url: string;
  /** Bodies of the realtime calls, by the `user` of the request. */
  bodies: ReadonlyMap<string, string>;
  /** Content of every file, and the results of every message batch. */
  file: string;
}

/** Runs the server during the tests of a file. */
export function useAnsweringServer(): AnsweringServer {
  const given: AnsweringServer = { url: '', bodies: new Map(), file: '' };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const answer = answerTo(`${request.method} ${request.url}`, Buffer.concat(chunks).toString('utf8'));
      response.setHeader('content-type', 'application/json');
      response.end(answer);
    });
  });
  function answerTo(call: string, body: string): string {
    if (call.startsWith('POST ')) return given.bodies.get(userOf(body)) ?? '{}';
    if (/\/(?:content|results)$/.test(call)) return given.file;
    const counts = { succeeded: given.file.split('\n').length - 1 };
    return JSON.stringify({ id: 'batch', processing_status: 'ended', request_counts: counts });
  }
  beforeAll(async () => {
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    given.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  });
  afterAll(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return given;
}

function userOf(body: string): string {
  const { user, metadata } = JSON.parse(body) as { user?: string; metadata?: { user_id?: string } };
  return user ?? metadata?.user_id ?? '';
}
