import {
  closeSync,
  createReadStream,
  fstatSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * A provider's file on local disk while a round is collected. Its lines come in any order and are wanted in the
 * input's: that takes random access, which an object store gives only one slow request at a time.
 */
export class Scratch implements Disposable {
  readonly #path: string;
  readonly #fd: number;
  /** Nobody else's, to be deleted. */
  readonly #isOwn: boolean;
  #bytes: number;
  #read = Buffer.alloc(0);

  /** @param file one that is there, to be read in place; without it an empty one is made */
  constructor(file?: string) {
    this.#isOwn = file === undefined;
    this.#path = file ?? join(mkdtempSync(join(tmpdir(), 'nightshift-scratch-')), 'lines');
    this.#fd = openSync(this.#path, file === undefined ? 'w+' : 'r');
    this.#bytes = file === undefined ? 0 : fstatSync(this.#fd).size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(chunk: Uint8Array): void {
    for (let from = 0; from < chunk.byteLength;) {
      const written = writeSync(this.#fd, chunk, from, chunk.byteLength - from, this.#bytes);
      from += written;
      this.#bytes += written;
    }
  }

  /** Bytes that stay as they are until the next read. */
  read(start: number, length: number): Buffer {
    if (length > this.#read.length) this.#read = Buffer.allocUnsafeSlow(2 * length);
    const bytes = this.#read.subarray(0, length);
    for (let from = 0; from < length;) {
      const read = readSync(this.#fd, bytes, from, length - from, start + from);
      if (read === 0)
        throw new Error(`The scratch file ends at ${start + from}, ${length - from} bytes too early.`);
      from += read;
    }
    return bytes;
  }

  stream(): AsyncIterable<Buffer> {
    return createReadStream(this.#path, { highWaterMark: 262_144 });
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
    if (this.#isOwn) rmSync(dirname(this.#path), { recursive: true, force: true });
  }
}
