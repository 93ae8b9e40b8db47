import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { packageRoot } from '../../src/package-root.ts';

/** A package.json, as far as a project is made of it. */
export interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly type?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const SCRIPTS = {
  start: 'nightshift run questions.csv --simulate',
  local: 'nightshift local',
  synth: 'cdk synth --quiet',
  diff: 'cdk diff',
  deploy: 'cdk deploy --outputs-file cdk-outputs.json',
  destroy: 'cdk destroy',
};

/**
 * The package.json of a project. What the given one says stays.
 * @param folder names the project when nothing else does
 */
export async function projectManifest(given: Manifest, folder: string): Promise<Manifest> {
  const own = await readManifest(packageRoot());
  const { 'aws-cdk-lib': cdk = '', constructs = '', 'aws-cdk': cli = '' } = own.devDependencies ?? {};
  return {
    name: nameOf(folder),
    ...given,
    ...(given.name === undefined && { private: true }),
    type: given.type ?? 'module',
    scripts: { ...SCRIPTS, ...withoutNpmsTest(given.scripts) },
    dependencies: {
      'aws-cdk-lib': `^${cdk}`,
      constructs: `^${constructs}`,
      ...(given.devDependencies?.['nightshift'] === undefined && { nightshift: await ownSpec(own) }),
      ...given.dependencies,
    },
    // `latest` of it is a version that cannot read what the library writes.
    devDependencies: { 'aws-cdk': cli, ...given.devDependencies },
  };
}

/** `npm init` writes a test that fails. */
function withoutNpmsTest(scripts: Manifest['scripts'] = {}): Manifest['scripts'] {
  return Object.fromEntries(
    Object.entries(scripts).filter(
      ([name, script]) => name !== 'test' || !script.includes('no test specified'),
    ),
  );
}

function nameOf(folder: string): string {
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return name === '' ? 'batches' : name;
}

/** How this very package was installed, so that the project gets the same: by a version, or from a file or an address. */
async function ownSpec({ version = '' }: Manifest): Promise<string> {
  const modules = dirname(packageRoot());
  const installed = modules.endsWith('node_modules') ? await readManifest(dirname(modules)) : {};
  const spec = installed.dependencies?.['nightshift'] ?? installed.devDependencies?.['nightshift'] ?? '';
  if (spec.startsWith('file:')) return `file:${resolve(dirname(modules), spec.slice('file:'.length))}`;
  return spec.includes(':') || spec.includes('/') ? spec : `^${version}`;
}

async function readManifest(folder: string): Promise<Manifest> {
  try {
    return JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
  } catch {
    return {};
  }
}
