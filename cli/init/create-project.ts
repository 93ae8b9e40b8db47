import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { InvalidRequest } from '../../src/errors.ts';
import { makeFolder } from '../../host/make-folder.ts';
import { ignoredFiles, projectFiles } from './project-files.ts';
import { projectManifest, type Manifest } from './project-manifest.ts';

/**
 * Creates a project in a folder.
 * @returns the files that were written, as paths in the folder
 * @throws InvalidRequest when one of them exists; nothing is written then
 */
export async function createProject(folder: string): Promise<string[]> {
  const root = resolve(folder);
  const given = await readManifest(join(root, 'package.json'));
  const files = await projectFiles(given.type === 'commonjs' ? 'mts' : 'ts');
  const existing = Object.keys(files).filter((file) => existsSync(join(root, file)));
  if (existing.length > 0) {
    throw new InvalidRequest(
      `${existing.join(', ')}: already there, so nothing was written. Name an empty folder: nightshift init my-batches`,
    );
  }
  await makeFolder('The folder', folder);
  const manifest = await projectManifest(given, basename(root));
  const all = {
    'package.json': `${JSON.stringify(manifest, undefined, 2)}\n`,
    '.gitignore': await withIgnored(join(root, '.gitignore')),
    ...files,
  };
  for (const [file, text] of Object.entries(all)) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), text);
  }
  return Object.keys(all);
}

async function readManifest(file: string): Promise<Manifest> {
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Manifest;
  } catch (error) {
    throw new InvalidRequest(`${file} is not JSON, so nothing was written.`, { cause: error });
  }
}

/** Adds missing entries and keeps everything else. */
async function withIgnored(file: string): Promise<string> {
  const text = existsSync(file) ? await readFile(file, 'utf8') : '';
  const known = new Set(text.split(/\r?\n/).map((line) => line.trim()));
  const missing = ignoredFiles.filter((line) => !known.has(line));
  const separator = text === '' || text.endsWith('\n') ? '' : '\n';
  return missing.length === 0 ? text : `${text}${separator}${missing.join('\n')}\n`;
}
