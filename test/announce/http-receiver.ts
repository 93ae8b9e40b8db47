import type { IncomingHttpHeaders } from 'node:http';
import { serve } from '../support/serve.ts';

/** A POST request that the receiver got. */
export interface Post {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Starts a webhook receiver. It answers with these statuses in turn, and repeats the last one. */
export async function startReceiver(...statuses: readonly number[]) {
  const posts: Post[] = [];
  const url = await serve(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    posts.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
    response.statusCode = statuses[posts.length - 1] ?? statuses.at(-1) ?? 200;
    response.setHeader('location', '/elsewhere');
    response.end();
  });
  return { url: `${url}/hook`, posts };
}
