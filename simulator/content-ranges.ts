import { Readable } from 'node:stream';
import type { AppContext } from './app-options.ts';
import type { ContentAction, RangeKind } from './faults.ts';
import type { SimulatedFile, SimulatorState } from './state.ts';

/** The content of a file to serve. */
export interface ServedContent {
  readonly bytes: number;
  readonly etag: string;
  readonly open: (start: number) => AsyncIterable<Buffer>;
}

type PartFault = Extract<ContentAction, { kind: RangeKind | 'breaks' }>;

export function contentOf(state: SimulatorState, { id, bytes }: SimulatedFile): ServedContent {
  return { bytes, etag: `"${id}-1"`, open: (start) => state.content(id, start) };
}

/** The content of a file after its faults. Changed content is kept in memory, because only tests change it. */
export async function contentUnder(
  state: SimulatorState,
  file: SimulatedFile,
  { kind }: PartFault,
): Promise<ServedContent> {
  if (kind !== 'grows' && kind !== 'reorders') return contentOf(state, file);
  const lines = Buffer.concat(await Array.fromAsync(state.content(file.id)))
    .toString('utf8')
    .split('\n');
  const shown = kind === 'grows' ? ['', ...lines] : [...lines.slice(0, -1).toReversed(), ''];
  const whole = Buffer.from(shown.join('\n'));
  const open = (start: number): AsyncIterable<Buffer> => Readable.from([whole.subarray(start)]);
  return { bytes: whole.length, etag: `"${file.id}-2"`, open };
}

/** Serves a file, or its rest after the requested position if the file is still the same. */
export function contentPart(
  c: AppContext,
  { bytes, etag, open }: ServedContent,
  fault?: PartFault,
): Response {
  const asked =
    fault?.kind === 'ignores-range' ? undefined : /^bytes=(\d+)-$/.exec(c.req.header('range') ?? '');
  const isSame = (c.req.header('if-range') ?? etag) === etag;
  const from = asked && isSame ? Number(asked[1]) : 0;
  if (from > 0 && (from >= bytes || fault?.kind === 'refuses-range'))
    return c.body(null, 416, { 'content-range': `bytes */${bytes}` });
  const start = from > 0 && fault?.kind === 'wrong-range' ? from - 1 : from;
  const headers = {
    'content-type': 'application/jsonl',
    'content-length': String(bytes - start),
    etag,
    ...(start > 0 && { 'content-range': `bytes ${start}-${bytes - 1}/${bytes}` }),
  };
  const status = from > 0 ? 206 : 200;
  const content = Readable.from(open(start));
  if (fault?.kind === 'breaks') return breakOff(c, content, { status, headers, bytes: fault.afterBytes });
  return c.body(Readable.toWeb(content) as ReadableStream, status, headers);
}

interface BrokenAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
}

/** Announces the full length, sends only the first bytes, and closes the connection. */
function breakOff(
  { env: { outgoing } }: AppContext,
  content: AsyncIterable<Buffer>,
  { status, headers, bytes }: BrokenAnswer,
): Response {
  const send = async (): Promise<void> => {
    let left = bytes;
    outgoing.writeHead(status, headers);
    outgoing.flushHeaders();
    for await (const chunk of content) {
      const piece = chunk.subarray(0, left);
      left -= piece.length;
      if (piece.length > 0) await new Promise((resolve) => outgoing.write(piece, resolve));
      if (left === 0) break;
    }
    outgoing.destroy();
  };
  void send();
  return new Response(null, { headers: { 'x-hono-already-sent': 'true' } });
}
