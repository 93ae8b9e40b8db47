import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes of all files in a folder that a running program changes. A file with several names counts once. */
export function bytesBelow(folder: string): number {
  const sizes = new Map<number, number>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const stats = entry.isFile()
      ? statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })
      : undefined;
    if (stats !== undefined) sizes.set(stats.ino, stats.size);
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** Measures the bytes of a folder again and again. */
export interface DiskWatch extends Disposable {
  /** The largest number of bytes so far. */
  readonly most: number;
}

/**
 * Watches a folder until it is disposed.
 * @param onLook called with the bytes of each measurement
 */
export function watchDisk(
  folder: string,
  everyMilliseconds: number,
  onLook: (bytes: number) => void = () => undefined,
): DiskWatch {
  let most = 0;
  const look = (): number => {
    const bytes = bytesBelow(folder);
    most = Math.max(most, bytes);
    return bytes;
  };
  const timer = setInterval(() => onLook(look()), everyMilliseconds);
  return {
    get most() {
      look();
      return most;
    },
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
