import { once } from 'node:events';
import { crc32, createDeflateRaw } from 'node:zlib';
import { InvalidRequest } from '../../src/errors.ts';

/** A file of an archive. */
export interface ZipEntry {
  readonly name: string;
  readonly chunks: AsyncIterable<string> | Iterable<string>;
}

interface Written {
  readonly name: Buffer;
  readonly at: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
}

/** The largest size in 32 bits. A larger archive needs the ZIP64 format, which not every spreadsheet program reads. */
const MAX_BYTES = 0xffffffff;

/** Compression method and flags: deflated; sizes after the content; names in UTF-8; version. */
const [DEFLATED, SIZES_FOLLOW, UTF8, VERSION] = [8, 0x0008, 0x0800, 20];

/** 1 January 1980, so that equal content gives equal bytes. */
const [TIME, DATE] = [0, 0x21];

/** Writes a ZIP archive as a stream (PKWARE's APPNOTE 6.3.3). Reads the entries one after the other. */
export async function* zip(entries: AsyncIterable<ZipEntry>): AsyncGenerator<Uint8Array> {
  const written: Written[] = [];
  let offset = 0;
  for await (const { name, chunks } of entries) {
    const at = offset;
    const bytes = Buffer.from(name);
    const header = record(0x04034b50, 30, (b) => {
      writeCommon(b, 4, [0, 0, 0]);
      b.writeUInt16LE(bytes.length, 26);
    });
    yield Buffer.concat([header, bytes]);
    offset += header.length + bytes.length;
    const content = new Deflated(chunks);
    for await (const chunk of content.bytes()) {
      offset += chunk.length;
      yield chunk;
    }
    const { crc, packed, size } = content;
    if (Math.max(size, offset) > MAX_BYTES) throw tooLarge();
    yield record(0x08074b50, 16, (b) => writeSizes(b, 4, [crc, packed, size]));
    offset += 16;
    written.push({ name: bytes, at, crc, packed, size });
  }
  const directory = Buffer.concat(written.map(centralRecord));
  if (offset + directory.length > MAX_BYTES) throw tooLarge();
  yield directory;
  yield record(0x06054b50, 22, (b) => {
    b.writeUInt16LE(written.length, 8);
    b.writeUInt16LE(written.length, 10);
    b.writeUInt32LE(directory.length, 12);
    b.writeUInt32LE(offset, 16);
  });
}

function tooLarge(): InvalidRequest {
  return new InvalidRequest(
    'The results are larger than an XLSX file may be (4 GB): use --format csv or parquet.',
  );
}

/** Compresses texts, and counts their bytes. */
class Deflated {
  crc = 0;
  packed = 0;
  size = 0;
  readonly #texts: ZipEntry['chunks'];

  constructor(texts: ZipEntry['chunks']) {
    this.#texts = texts;
  }

  async *bytes(): AsyncGenerator<Buffer> {
    const deflate = createDeflateRaw();
    const fed = this.#feed(deflate).catch((error: Error) => void deflate.destroy(error));
    for await (const chunk of deflate) {
      this.packed += (chunk as Buffer).length;
      yield chunk as Buffer;
    }
    await fed;
  }

  async #feed(deflate: ReturnType<typeof createDeflateRaw>): Promise<void> {
    for await (const text of this.#texts) {
      const bytes = Buffer.from(text);
      this.crc = crc32(bytes, this.crc);
      this.size += bytes.length;
      if (!deflate.write(bytes)) await once(deflate, 'drain');
    }
    deflate.end();
  }
}

function centralRecord({ name, at, crc, packed, size }: Written): Buffer {
  const header = record(0x02014b50, 46, (b) => {
    b.writeUInt16LE(VERSION, 4);
    writeCommon(b, 6, [crc, packed, size]);
    b.writeUInt16LE(name.length, 28);
    b.writeUInt32LE(at, 42);
  });
  return Buffer.concat([header, name]);
}

function record(signature: number, length: number, fill: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32LE(signature, 0);
  fill(bytes);
  return bytes;
}

/** The common fields of a local and a central header. */
function writeCommon(bytes: Buffer, at: number, sizes: readonly number[]): void {
  for (const [n, value] of [VERSION, SIZES_FOLLOW | UTF8, DEFLATED, TIME, DATE].entries())
    bytes.writeUInt16LE(value, at + 2 * n);
  writeSizes(bytes, at + 10, sizes);
}

function writeSizes(bytes: Buffer, at: number, sizes: readonly number[]): void {
  for (const [n, value] of sizes.entries()) bytes.writeUInt32LE(value, at + 4 * n);
}
