import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { DIST, PROJECT } from './project.ts';

const LICENSE = /^(licen[cs]e|copying|notice)(\.|-|$)/i;

/** Writes the licences of all bundled packages into one file, as the licences require. */
export async function buildNotices(metafiles: readonly Metafile[]): Promise<void> {
  const inputs = metafiles.flatMap((metafile) => Object.keys(metafile.inputs));
  const packages = [...new Set(inputs.flatMap(packageOf))].toSorted();
  const notices = await Promise.all(packages.map((folder) => noticeOf(folder)));
  await writeFile(join(DIST, 'THIRD-PARTY-NOTICES.txt'), notices.join(`\n${'-'.repeat(80)}\n\n`));
}

/** `node_modules/a/node_modules/@b/c/index.js` → `node_modules/a/node_modules/@b/c` */
function packageOf(input: string): string[] {
  const [folder] = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? [];
  return folder === undefined ? [] : [folder];
}

async function noticeOf(folder: string): Promise<string> {
  const root = join(PROJECT, folder);
  const { name, version, license } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    readonly name?: string;
    readonly version?: string;
    readonly license?: string;
  };
  const files = (await readdir(root)).filter((file) => LICENSE.test(file)).toSorted();
  const texts = await Promise.all(files.map((file) => readFile(join(root, file), 'utf8')));
  return [`${name} ${version} (${license ?? 'see below'})`, ...texts].join('\n\n');
}
