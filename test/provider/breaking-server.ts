import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How the server answers one request for the file. */
export interface FileAnswer {
  /** Number of bytes to send that were not sent before. Then the connection breaks. Default: all bytes. */
  readonly fresh?: number;
  /** Sends no length, and ends the response instead of breaking the connection. */
  readonly endsEarly?: boolean;
  /** Response to a request for the rest of the file. Default: the rest. */
  readonly to?:
    | 'the rest'
    | 'a piece'
    | 'the whole'
    | 'no such range'
    | 'another range'
    | 'no range'
    | 'many ranges'
    | 'an unknown total'
    | 'gzip'
    | 'an error';
  /** The file has this content from this request on. */
  readonly becomes?: Buffer;
}

/** Headers that the server sends with the file. */
export interface FileHabits {
  readonly mark?: 'etag' | 'weak etag' | 'last-modified' | 'none';
  readonly tellsLength?: boolean;
}

export interface BreakingServer extends AsyncDisposable {
  readonly url: string;
  /** The `Range` header of each request for the content. `whole` without a header. */
  readonly asked: readonly string[];
}

/** Starts a server with one file. It answers the first requests as given, and all later ones completely. */
export async function startBreakingServer(
  content: Buffer,
  answers: readonly FileAnswer[],
  habits: FileHabits = {},
): Promise<BreakingServer> {
  const asked: string[] = [];
  const state = { content, version: 1, sent: 0 };
  const server = createServer((request, response) => {
    request.resume();
    if (request.url?.endsWith('/content') !== true)
      return void response.end(JSON.stringify({ id: 'file-1', object: 'file', bytes: state.content.length }));
    asked.push(request.headers.range ?? 'whole');
    const answer = answers[asked.length - 1] ?? {};
    if (answer.becomes !== undefined) Object.assign(state, { content: answer.becomes, version: 2 });
    serve(request, response, { ...state, answer, habits, keep: (sent) => Object.assign(state, { sent }) });
    return undefined;
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Serving {
  readonly content: Buffer;
  readonly version: number;
  /** Bytes of the file that were sent so far. */
  readonly sent: number;
  readonly answer: FileAnswer;
  readonly habits: FileHabits;
  readonly keep: (sent: number) => void;
}

function serve(request: IncomingMessage, response: ServerResponse, serving: Serving): void {
  const { content, version, answer, habits, sent, keep } = serving;
  const { mark = 'etag', tellsLength = true } = habits;
  const marks = {
    etag: { etag: `"v${version}"` },
    'weak etag': { etag: `W/"v${version}"` },
    'last-modified': { 'last-modified': `Sat, 28 Nov 2026 10:00:0${version} GMT` },
    none: {},
  }[mark];
  const ifRange = request.headers['if-range'];
  const isSame = ifRange === undefined || Object.values(marks).some((each) => each === ifRange);
  const range = isSame ? /^bytes=(\d+)-$/.exec(request.headers.range ?? '') : null;
  const to = range === null ? 'the whole' : (answer.to ?? 'the rest');
  if (to === 'an error') return void response.writeHead(400).end('{"error":{"message":"Range?"}}');
  const from = Number(range?.[1] ?? 0);
  if (to === 'no such range' || from > content.length)
    return void response.writeHead(416, { 'content-range': `bytes */${content.length}` }).end();
  const start = to === 'the whole' ? 0 : to === 'another range' ? Math.max(0, from - 1) : from;
  const end = to === 'a piece' ? Math.min(content.length, start + 7) : content.length;
  const total = to === 'an unknown total' ? '*' : content.length;
  const isRange = to !== 'the whole';
  const endsEarly = answer.endsEarly === true;
  response.writeHead(isRange ? 206 : 200, {
    ...marks,
    ...(tellsLength && !endsEarly && { 'content-length': end - start }),
    ...(isRange && to !== 'no range' && { 'content-range': `bytes ${start}-${end - 1}/${total}` }),
    ...(to === 'many ranges' && { 'content-range': '', 'content-type': 'multipart/byteranges; boundary=x' }),
    ...(to === 'gzip' && { 'content-encoding': 'gzip' }),
  });
  const until = answer.fresh === undefined ? end : Math.min(end, Math.max(sent, start) + answer.fresh);
  keep(Math.max(sent, until));
  if (until >= end || endsEarly) return void response.end(content.subarray(start, until));
  response.flushHeaders();
  const breakOff = (): void => void response.destroy();
  if (until === start) breakOff();
  else response.write(content.subarray(start, until), breakOff);
  return undefined;
}
