import { open, rm, type FileHandle } from 'node:fs/promises';
import { InFlight } from '../concurrency/in-flight.ts';
import { storeFileError } from './file-errors.ts';
import type { ObjectWriter } from './object-store.ts';
import { moveTo, stagingPath } from './staged-file.ts';
import { writeAll } from './write-all.ts';

/** Size of a block, in bytes. A call of the thread pool takes 50 µs of CPU time, as long as copying 400 KB. */
const BLOCK_BYTES = 524_288;
const NOTHING = Buffer.alloc(0);

/**
 * Collects small chunks into blocks: one system call per {@link BLOCK_BYTES}, not one per line. A full block is written while the
 * next one is filled, so a failure is thrown by the next `write` that needs a block, or by `close`.
 */
export class FileWriter implements ObjectWriter {
  bytes = 0;
  readonly #root: string;
  readonly #path: string;
  /** Allocated by the first write: most files of a round stay empty. */
  #block: Buffer<ArrayBuffer> = NOTHING;
  #used = 0;
  /** The block that is being written, or was. */
  #other: Buffer<ArrayBuffer> | undefined;
  /** At most one call: the blocks of a file are written in order. */
  readonly #writing = new InFlight();
  #staged: string | undefined;
  #file: FileHandle | undefined;
  #ended = false;

  constructor(root: string, path: string) {
    this.#root = root;
    this.#path = path;
  }

  write(chunk: Uint8Array | string): Promise<void> | undefined {
    if (this.#ended || this.#writing.hasFailed) return this.#rejectWrite();
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    this.bytes += bytes.byteLength;
    if (this.#used + bytes.byteLength > this.#block.length) return this.#spill(bytes);
    this.#block.set(bytes, this.#used);
    this.#used += bytes.byteLength;
    return undefined;
  }

  async close(): Promise<void> {
    if (this.#ended) return this.#rejectWrite();
    try {
      await this.#flush();
      await this.#settle();
      const { file, staged } = await this.#open();
      await file.close();
      this.#file = undefined;
      this.#freeBlocks();
      await moveTo(staged, this.#path);
    } catch (error) {
      throw storeFileError(error, 'write', this.#path);
    }
    this.#ended = true;
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#writing.settle();
    this.#freeBlocks();
    await this.#file?.close();
    if (this.#staged !== undefined) await rm(this.#staged, { force: true });
  }

  /** Takes a chunk that does not fit into the current block. */
  async #spill(bytes: Uint8Array): Promise<void> {
    await this.#flush();
    if (bytes.byteLength > BLOCK_BYTES) {
      await this.#settle();
      this.#writing.start(() => this.#writeAll(bytes));
      // Awaited here, because the caller may reuse the chunk afterwards.
      return this.#settle();
    }
    if (this.#block.length === 0) this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#block.set(bytes, 0);
    this.#used = bytes.byteLength;
  }

  /** Starts writing the current block, once the block before it is written. */
  async #flush(): Promise<void> {
    await this.#settle();
    if (this.#used === 0) return;
    const full = this.#block;
    const bytes = full.subarray(0, this.#used);
    this.#block = this.#other ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
    this.#other = full;
    this.#used = 0;
    this.#writing.start(() => this.#writeAll(bytes));
  }

  /**
   * Frees the blocks at once. Garbage collection would first wait for more buffers: a build of 20 shards then kept the blocks of
   * all files, 15 MB.
   */
  #freeBlocks(): void {
    for (const { buffer } of [this.#block, this.#other ?? NOTHING])
      if (buffer.byteLength === BLOCK_BYTES) buffer.transfer(0);
    this.#block = NOTHING;
    this.#other = undefined;
  }

  async #settle(): Promise<void> {
    await this.#writing.settle();
    this.#writing.throwFailure();
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    try {
      const { file } = await this.#open();
      await writeAll(file, bytes);
    } catch (error) {
      throw storeFileError(error, 'write', this.#path);
    }
  }

  async #open(): Promise<{ file: FileHandle; staged: string }> {
    const staged = (this.#staged ??= await stagingPath(this.#root));
    const file = (this.#file ??= await open(staged, 'w'));
    return { file, staged };
  }

  async #rejectWrite(): Promise<never> {
    if (!this.#ended) this.#writing.throwFailure();
    throw new Error(`${this.#path} was closed before this write.`);
  }
}
