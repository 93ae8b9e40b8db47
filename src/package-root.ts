import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The root folder of this package: the nearest parent with a `package.json`. It is the same for the sources and for the build in
 * `dist/`.
 * @throws Error when there is none, because files of the package are missing
 */
export function packageRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) {
      throw new Error('The package nightshift has no package.json beside its code. Install it again.');
    }
  }
}

/** The version of this package. */
export function packageVersion(): string {
  const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8');
  return String((JSON.parse(text) as { readonly version?: unknown }).version);
}
