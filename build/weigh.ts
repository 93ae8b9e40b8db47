import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Prints the twenty largest packages of `node_modules` as the table of CONTRIBUTING.md, and the size of all packages. */

const FOLDER = join(import.meta.dirname, '..', 'node_modules');
const SHOWN = 20;
const MEGABYTE = 1_048_576;

/** Disk space, counted like `du`. */
function bytesOf(path: string): number {
  const { blocks } = lstatSync(path);
  return blocks * 512 + children(path).reduce((sum, child) => sum + bytesOf(child), 0);
}

function children(path: string): string[] {
  if (!lstatSync(path).isDirectory()) return [];
  return readdirSync(path).map((name) => join(path, name));
}

const packages = readdirSync(FOLDER)
  .filter((name) => !name.startsWith('.'))
  .flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(FOLDER, name)).map((inner) => `${name}/${inner}`) : [name],
  )
  .map((name) => ({ name, bytes: bytesOf(join(FOLDER, name)) }))
  .toSorted((a, b) => b.bytes - a.bytes);

const inMegabytes = (bytes: number): string => String(Math.round(bytes / MEGABYTE));
const total = packages.reduce((sum, { bytes }) => sum + bytes, 0);
const rows = packages.slice(0, SHOWN).map(({ name, bytes }) => `| \`${name}\` | ${inMegabytes(bytes)} |`);
process.stdout.write(
  [
    '| package | MB |',
    '|---|---|',
    ...rows,
    `| all ${packages.length} packages | ${inMegabytes(total)} |`,
    '',
  ].join('\n'),
);
