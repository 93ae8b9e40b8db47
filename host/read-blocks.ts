import { open } from 'node:fs/promises';

const BLOCK_BYTES = 1_048_576;

/**
 * Reads a file through one buffer: a block is valid until the next one is requested. A new buffer per block would leave tens of
 * megabytes to the garbage collector.
 */
export async function* readBlocks(path: string): AsyncGenerator<Buffer> {
  await using file = await open(path, 'r');
  const buffer = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, BLOCK_BYTES);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}
