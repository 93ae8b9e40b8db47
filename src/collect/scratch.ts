import { closeSync, openSync, readSync, rmSync, writeSync, createReadStream } from 'node:fs';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * A provider's file on local disk while a round is collected. Its lines come in any order and are wanted in the
 * input's: that takes random access, which an object store gives only one slow request at a time.
 */
export class Scratch implements Disposable {
  readonly #path = join(mkdtempSync(join(tmpdir(), 'nightshift-scratch-')), 'lines');
  readonly #fd = openSync(this.#path, 'w+');
  #bytes = 0;

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

  read(start: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
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
    rmSync(dirname(this.#path), { recursive: true, force: true });
  }
}
