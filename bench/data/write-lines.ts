import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const BLOCK = 1_048_576;

/**
 * Writes lines, each with its newline.
 * @returns the number of bytes
 */
export function writeLines(file: string, lines: Iterable<string>): number {
  mkdirSync(dirname(file), { recursive: true });
  const fd = openSync(file, 'w');
  let bytes = 0;
  let block = '';
  const flush = (): void => {
    bytes += writeSync(fd, block);
    block = '';
  };
  for (const line of lines) {
    block += `${line}\n`;
    if (block.length >= BLOCK) flush();
  }
  flush();
  closeSync(fd);
  return bytes;
}
