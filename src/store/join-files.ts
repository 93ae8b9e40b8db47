import { open, rm, type FileHandle } from 'node:fs/promises';
import { InvalidInput, StoreUnavailable } from '../errors.ts';
import { ifThere, storeFileError } from './file-errors.ts';
import { moveTo, stagingPath } from './staged-file.ts';
import { writeAll } from './write-all.ts';

/** Size of a block, in bytes. Two system calls move a block, without a stream between them. */
const BLOCK_BYTES = 1_048_576;

export interface FileToJoin {
  readonly path: string;
  /** Bytes to take from its start; all of them by default. */
  readonly bytes: number | undefined;
}

/**
 * Writes the bytes of files, in order, into a new file.
 * @throws InvalidInput when there is no such file; StoreUnavailable when a file has fewer bytes than are to be taken
 */
export async function joinFiles(root: string, path: string, sources: readonly FileToJoin[]): Promise<void> {
  const staged = await stagingPath(root);
  try {
    const into = await open(staged, 'wx');
    try {
      const block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
      for (const source of sources) await append(into, source, block);
    } finally {
      await into.close();
    }
    await moveTo(staged, path);
  } catch (error) {
    throw storeFileError(error, 'write', path);
  } finally {
    await rm(staged, { force: true });
  }
}

async function append(into: FileHandle, { path, bytes }: FileToJoin, block: Buffer): Promise<void> {
  const file = await onRead(path, ifThere(open(path, 'r')));
  try {
    const found = await file?.stat();
    if (file === undefined || found?.isFile() !== true)
      throw new InvalidInput(`There is no ${path} to join.`);
    const end = bytes ?? found.size;
    for (let at = 0; at < end;) {
      const { bytesRead } = await onRead(path, file.read(block, 0, Math.min(block.length, end - at), at));
      if (bytesRead === 0) throw new StoreUnavailable(`${path} changed while it was joined.`);
      await writeAll(into, block.subarray(0, bytesRead));
      at += bytesRead;
    }
  } finally {
    await file?.close();
  }
}

async function onRead<T>(path: string, reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    throw storeFileError(error, 'read', path);
  }
}
