import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { packageRoot } from '../../src/package-root.ts';

/** The fields of a package.json that a project uses. */
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
 * Builds the package.json of a project. Keeps everything in the given one.
 * @param folder names the project if the given package.json has no name
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
    // The `latest` version of `aws-cdk` cannot read the output of this `aws-cdk-lib`.
    devDependencies: { 'aws-cdk': cli, ...given.devDependencies },
  };
}

/** Removes the test script of `npm init`, which always fails. */
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

/** The specification by which this package was installed (a version, a file or a URL), so that the project installs the same. */
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
