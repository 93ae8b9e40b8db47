import type { ServerResponse } from 'node:http';
import type { ContentAction, ContentKind, RangeKind } from './faults.ts';

/** Corrupts a file's content as happens in practice. Keeps the content in memory, because only tests use this. */
export async function corruptContent(
  content: AsyncIterable<Buffer>,
  action: Exclude<ContentAction, { readonly kind: RangeKind }>,
  outgoing: ServerResponse,
): Promise<Response> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  const whole = Buffer.concat(chunks);
  if (action.kind === 'breaks') return breakOff(whole, action.afterBytes, outgoing);
  if (action.kind === 'truncated-body') return breakOff(whole, Math.floor(whole.length / 2), outgoing);
  return new Response(new Uint8Array(corrupt(whole, action.kind)), {
    headers: { 'content-type': 'application/jsonl' },
  });
}

function corrupt(whole: Buffer, kind: Exclude<ContentKind, 'truncated-body'>): Buffer {
  switch (kind) {
    case 'no-last-newline':
      return whole.subarray(0, -1);
    case 'crlf':
      return Buffer.from(whole.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
    case 'bom':
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), whole]);
    case 'blank-lines':
      return Buffer.from(`\n${whole.toString('latin1').replaceAll('\n', '\n\n  \n')}`, 'latin1');
    case 'invalid-utf8':
      return Buffer.concat([Buffer.from([0x22, 0xff, 0xfe, 0x22, 0x0a]), whole]);
    case 'long-line':
      return Buffer.concat([Buffer.from(`{"pad":"${'x'.repeat(5_000_000)}"}\n`), whole]);
    case 'non-object':
      return Buffer.concat([Buffer.from('[1,2]\n"text"\nnull\n'), whole]);
    case 'early-close':
      return whole.subarray(0, Math.floor(whole.length / 2));
  }
}

/** Announces the full length, sends only the first bytes, and closes the connection. */
function breakOff(whole: Buffer, bytes: number, outgoing: ServerResponse): Response {
  outgoing.writeHead(200, { 'content-type': 'application/jsonl', 'content-length': String(whole.length) });
  outgoing.write(whole.subarray(0, bytes), () => outgoing.destroy());
  return new Response(null, { headers: { 'x-hono-already-sent': 'true' } });
}
