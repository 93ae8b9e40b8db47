import { pipeline, Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { bounded, ProviderRejected, ProviderUnavailable } from '../../errors.ts';
import type { DownloadOptions } from '../batch-provider.ts';
import { asProviderError } from './call-errors.ts';
import type { Call } from './call.ts';
import { openFile } from './file-bytes.ts';
import type { Http } from './http.ts';

/**
 * Streams a file of JSON lines, without the key. A file that comes compressed without being requested so is decompressed.
 * @throws ProviderUnavailable when fewer bytes arrive than promised, or only a part of the file
 */
export async function* streamBody(
  http: Http,
  what: Call,
  { from, onStart, signal }: DownloadOptions = {},
): AsyncGenerator<Buffer> {
  const call = { ...what, signal };
  const file = await openFile(http, call, from);
  const { start, length, mark, coding } = file;
  if (coding !== 'identity' && !Object.hasOwn(CODINGS, coding)) {
    file.discard();
    throw new ProviderUnavailable(`${call.action}: it came in the coding "${bounded(coding)}".`);
  }
  const sent = coding === 'identity' ? file.bytes : unpack(call, file.bytes, coding);
  const { head, all } = await withHead(sent);
  // Some stores serve a compressed file unchanged.
  const packing = start === 0 ? packingOf(head) : undefined;
  onStart?.({ bytes: start, length, mark, canGoOn: coding === 'identity' && packing === undefined });
  yield* http.scrubbed(packing === undefined ? all : unpack(call, all, packing));
}

/** The compression of a file by its first two bytes. No JSON begins with them. */
function packingOf(head: Buffer): 'gzip' | 'zstd' | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  return head[0] === 0x28 && head[1] === 0xb5 ? 'zstd' : undefined;
}

/** Reads the first bytes of a stream, and returns the whole stream. */
async function withHead(
  chunks: AsyncGenerator<Buffer>,
): Promise<{ readonly head: Buffer; readonly all: AsyncGenerator<Buffer> }> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 2) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = head.length === 0 ? next.value : Buffer.concat([head, next.value]);
  }
  return { head, all: joined(head, chunks) };
}

async function* joined(head: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  try {
    if (head.length > 0) yield head;
    yield* rest;
  } finally {
    // If a reader stops after the first bytes, the connection would stay open, and the client would wait for it when it closes.
    await rest.return(undefined);
  }
}

const CODINGS: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/**
 * Decompressed bytes that are allowed in addition to a multiple of the received bytes. Without a limit, a few bytes could
 * decompress to a full disk.
 */
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
  // Errors of either stream are thrown to the reader.
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
