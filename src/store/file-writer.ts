import { open, rm, type FileHandle } from 'node:fs/promises';
import { storeFileError } from './file-errors.ts';
import type { ObjectWriter } from './object-store.ts';
import { moveTo, stagingPath } from './staged-file.ts';

const BLOCK_BYTES = 262_144;

/** Collects small chunks into blocks: one system call per {@link BLOCK_BYTES}, not one per line. */
export class FileWriter implements ObjectWriter {
  bytes = 0;
  readonly #root: string;
  readonly #path: string;
  readonly #block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  #used = 0;
  #staged: string | undefined;
  #file: FileHandle | undefined;
  #ended = false;

  constructor(root: string, path: string) {
    this.#root = root;
    this.#path = path;
  }

  write(chunk: Uint8Array | string): Promise<void> | undefined {
    if (this.#ended) return this.#refuse();
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    this.bytes += bytes.byteLength;
    if (this.#used + bytes.byteLength > BLOCK_BYTES) return this.#spill(bytes);
    this.#block.set(bytes, this.#used);
    this.#used += bytes.byteLength;
    return undefined;
  }

  async close(): Promise<void> {
    if (this.#ended) return this.#refuse();
    try {
      const { file, staged } = await this.#open();
      await this.#flush();
      await file.close();
      this.#file = undefined;
      await moveTo(staged, this.#path);
    } catch (error) {
      throw storeFileError(error, 'write', this.#path);
    }
    this.#ended = true;
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#file?.close();
    if (this.#staged !== undefined) await rm(this.#staged, { force: true });
  }

  /** Writes a chunk that does not fit into the current block. */
  async #spill(bytes: Uint8Array): Promise<void> {
    await this.#flush();
    if (bytes.byteLength > BLOCK_BYTES) return this.#writeAll(bytes);
    this.#block.set(bytes, 0);
    this.#used = bytes.byteLength;
  }

  async #flush(): Promise<void> {
    const used = this.#used;
    this.#used = 0;
    if (used > 0) await this.#writeAll(this.#block.subarray(0, used));
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    try {
      const { file } = await this.#open();
      for (let from = 0; from < bytes.byteLength;) {
        from += (await file.write(bytes, from)).bytesWritten;
      }
    } catch (error) {
      throw storeFileError(error, 'write', this.#path);
    }
  }

  async #open(): Promise<{ file: FileHandle; staged: string }> {
    const staged = (this.#staged ??= await stagingPath(this.#root));
    const file = (this.#file ??= await open(staged, 'w'));
    return { file, staged };
  }

  async #refuse(): Promise<never> {
    throw new Error(`${this.#path} was closed before this write.`);
  }
}
