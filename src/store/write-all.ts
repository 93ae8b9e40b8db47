import type { FileHandle } from 'node:fs/promises';

/** Writes all bytes behind those that were written before. One call of the system may write only some of them. */
export async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.length;) from += (await file.write(bytes, from)).bytesWritten;
}
