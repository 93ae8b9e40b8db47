import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text that is sent after the body without end. */
  readonly endless?: string | undefined;
}

/** A body that never ends. */
function* withoutEnd(body: Buffer, more: string): Generator<Buffer> {
  yield body;
  const piece = Buffer.from(more.repeat(Math.ceil(65_536 / more.length)));
  for (;;) yield piece;
}

export const fail = (status: number, code = `http_${status}`): Reply => ({
  status,
  body: { error: { code, message: `The provider answers ${status}.`, type: 'error', param: null } },
});

export const PROXY_PAGE = Buffer.from(
  '<html><head><title>Request rejected</title></head><body>proxy</body></html>',
);

/** Sends a reply. If `dripMs` is set, its body never ends, and one byte is sent per `dripMs` milliseconds. */
export function sendReply(response: ServerResponse, reply: Reply, dripMs?: number): void {
  response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers });
  if (dripMs !== undefined) {
    // White space may precede a JSON value.
    const timer = setInterval(() => response.write(' '), dripMs);
    response.on('close', () => clearInterval(timer));
    return;
  }
  if (reply.endless !== undefined && Buffer.isBuffer(reply.body)) {
    pipeline(Readable.from(withoutEnd(reply.body, reply.endless)), response, () => undefined);
    return;
  }
  response.end(Buffer.isBuffer(reply.body) ? reply.body : JSON.stringify(reply.body));
}

/** Redirects to the same server under another host name, so that the client treats it as another host. */
export function redirected({ headers }: IncomingMessage, path: string): Reply {
  const port = /:(\d+)$/.exec(headers.host ?? '')?.[1] ?? '';
  return { status: 302, body: null, headers: { location: `http://localhost:${port}/v1/store/${path}` } };
}
