import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A provider's file on local disk during the collect of a round. Its lines are in any order and needed in input order. That takes
 * random access, for which an object store needs one slow request per line.
 */
export class Scratch implements Disposable {
  #fd: number | undefined;
  #bytes = 0;
  #read = Buffer.alloc(0);

  append(chunk: Uint8Array): void {
    const fd = (this.#fd ??= createUnnamed());
    for (let from = 0; from < chunk.byteLength;) {
      const written = writeSync(fd, chunk, from, chunk.byteLength - from, this.#bytes);
      from += written;
      this.#bytes += written;
    }
  }

  /** Uses a file on this disk in place. */
  readInPlace(file: string): void {
    this.#fd = openSync(file, 'r');
  }

  /** The bytes stay valid until the next read. */
  read(start: number, length: number): Buffer {
    if (this.#fd === undefined) throw new Error('The scratch file is not there yet.');
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

  /** Reads up to this many bytes. */
  head(start: number, length: number): Buffer {
    if (this.#fd === undefined) throw new Error('The scratch file is not there yet.');
    const bytes = Buffer.alloc(length);
    return bytes.subarray(0, readSync(this.#fd, bytes, 0, length, start));
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** Creates a file without a name: its space is freed when it is closed, and also if the process is killed. */
function createUnnamed(): number {
  const folder = mkdtempSync(join(tmpdir(), 'nightshift-scratch-'));
  try {
    return openSync(join(folder, 'lines'), 'w+');
  } finally {
    rmSync(folder, { recursive: true });
  }
}
