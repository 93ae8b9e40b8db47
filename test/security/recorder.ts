import type { RequestListener } from 'node:http';
import { serve } from '../support/serve.ts';

/** A server that records all requests. */
export interface Recorder {
  /** Without a path. */
  readonly url: string;
  /** `<method> <path>` of each request. */
  readonly requests: readonly string[];
  /** Headers and bodies of all requests. */
  readonly received: () => string;
}

/** @param answer sends the responses. Default: an empty JSON object */
export async function startRecorder(answer: RequestListener = answerNothing): Promise<Recorder> {
  const requests: string[] = [];
  const received: string[] = [];
  const url = await serve((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    received.push(JSON.stringify(request.headers));
    request.on('data', (chunk: Buffer) => received.push(chunk.toString('utf8')));
    request.on('end', () => answer(request, response));
  });
  return { url, requests, received: () => received.join('\n') };
}

const answerNothing: RequestListener = (_, response) => void response.end('{}');
