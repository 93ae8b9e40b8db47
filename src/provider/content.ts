import { pipeline, Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { bounded, ProviderRejected, ProviderUnavailable } from '../errors.ts';
import { asProviderError } from './call-errors.ts';
import type { Call } from './call.ts';
import { MIN_BYTES_PER_MS } from './http-options.ts';
import type { Http } from './http.ts';
import { discard } from './redirects.ts';
import type { Answer } from './undici.ts';

/**
 * A file of JSON lines as it streams in, without the key; one that comes compressed although that was not asked for is unpacked.
 * @param onLength called with the `Content-Length`, where there is one
 * @throws ProviderUnavailable when fewer bytes arrive than were promised, or only a part
 */
export async function* streamBody(
  http: Http,
  call: Call,
  onLength?: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const answer = await http.content(call);
  const { statusCode, headers } = answer;
  const coding = String(headers['content-encoding'] ?? 'identity').toLowerCase();
  if (statusCode !== 200 || (coding !== 'identity' && !Object.hasOwn(CODINGS, coding))) {
    discard(answer);
    throw new ProviderUnavailable(
      statusCode === 200
        ? `${call.action}: it came in the coding "${bounded(coding)}".`
        : `${call.action}: it was answered with status ${statusCode}, which is no whole file.`,
    );
  }
  const promised = Number(headers['content-length'] ?? Number.NaN);
  if (!Number.isNaN(promised)) onLength?.(promised);
  const bytes = wholeBody(http, call, answer, promised);
  yield* http.scrubbed(unpackFile(call, coding === 'identity' ? bytes : unpack(call, bytes, coding)));
}

async function* wholeBody(
  http: Http,
  call: Call,
  { body }: Answer,
  promised: number,
): AsyncGenerator<Buffer> {
  const startedAt = performance.now();
  let received = 0;
  try {
    for await (const chunk of body) {
      received += (chunk as Buffer).byteLength;
      rejectTooSlow(call, received, performance.now() - startedAt, http.totalMs);
      yield chunk as Buffer;
    }
  } catch (error) {
    throw asProviderError(call, error);
  }
  if (!Number.isNaN(promised) && received !== promised)
    throw new ProviderUnavailable(`${call.action}: ${received} of ${promised} bytes arrived.`);
}

/** Whoever takes the bytes may be slow, too; a server that sends a byte now and then is far below the least that is asked. */
function rejectTooSlow({ action }: Call, received: number, passedMs: number, least: number): void {
  if (passedMs < least + received / MIN_BYTES_PER_MS) return;
  throw new ProviderUnavailable(
    `${action}: only ${received} bytes in ${Math.round(passedMs / 1_000)} s; it is given up.`,
  );
}

/** Stores serve a compressed file as it is. No JSON begins like one. */
async function* unpackFile(call: Call, chunks: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 2) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  const all = joined(head, chunks);
  yield* head[0] === 0x1f && head[1] === 0x8b ? unpack(call, all, 'gzip') : all;
}

async function* joined(head: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  if (head.length > 0) yield head;
  yield* rest;
}

const CODINGS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** A few bytes may unpack to a full disk, so unpacking is limited to this much, and so many bytes for each that arrived. */
const SPARE_BYTES = 256 * 1_048_576;
const MAX_RATIO = 200;

async function* unpack(call: Call, chunks: AsyncIterable<Buffer>, coding: string): AsyncGenerator<Buffer> {
  const unpacker = (CODINGS[coding] ?? createGunzip)();
  let received = 0;
  let unpacked = 0;
  const count = async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      received += chunk.byteLength;
      yield chunk;
    }
  };
  // An error of either end is thrown to whoever reads.
  pipeline(Readable.from(count()), unpacker, () => undefined);
  try {
    for await (const chunk of unpacker) {
      unpacked += (chunk as Buffer).byteLength;
      if (unpacked > SPARE_BYTES + MAX_RATIO * received)
        throw new ProviderRejected(
          `${call.action}: ${received} bytes unpack to more than ${unpacked}; it is given up.`,
        );
      yield chunk as Buffer;
    }
  } catch (error) {
    throw asProviderError(call, error);
  } finally {
    unpacker.destroy();
  }
}
