import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { InvalidRequest } from '../../src/errors.ts';

const NAMES = ['ts', 'mts', 'js', 'mjs', 'json'].map((extension) => `nightshift.config.${extension}`);

/**
 * Finds the configuration of a command: the named file, otherwise the nearest `nightshift.config.*` in the working directory or a
 * parent.
 * @returns undefined when no file is named and none exists
 * @throws InvalidRequest when the named file does not exist, or a folder has several
 */
export function findConfig(named: string | undefined, folder = process.cwd()): string | undefined {
  if (named !== undefined) {
    const file = resolve(folder, named);
    if (existsSync(file)) return file;
    throw new InvalidRequest(`There is no configuration ${named}. Check the path that --config names.`);
  }
  for (let looked = resolve(folder); ; looked = dirname(looked)) {
    const found = NAMES.filter((name) => existsSync(join(looked, name)));
    const [file, ...more] = found;
    if (more.length > 0) {
      throw new InvalidRequest(
        `There are several configurations in ${looked}: ${found.join(', ')}. Keep one, or name it with --config.`,
      );
    }
    if (file !== undefined) return join(looked, file);
    if (looked === dirname(looked)) return undefined;
  }
}
