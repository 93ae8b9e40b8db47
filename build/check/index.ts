import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT } from '../project.ts';
import { checkConstruct } from './check-construct.ts';
import { checkCommandLine } from './check-command-line.ts';
import { checkProject } from './check-project.ts';
import { checkTypes } from './check-types.ts';
import { install, run } from './run.ts';

/**
 * Packs the package, installs it into new folders as its users would, and uses it there: `npm run test:package`. Uses the
 * registry of `npm ci`, and takes a few minutes.
 */

const MAX_PACKED = 5_500_000;
const MAX_INSTALLED = 15_000_000;
const LOWEST_CDK = '2.270.0';

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
}

const root = mkdtempSync(join(tmpdir(), 'nightshift-package-'));
try {
  const tarball = pack();
  const { devDependencies } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const nodes = step('Node 20 and 22', installNodes);
  const constructs = `constructs@${devDependencies['constructs']}`;
  const app = folder('app');
  step('an app with the newest CDK', () =>
    install(
      app,
      tarball,
      `aws-cdk-lib@${devDependencies['aws-cdk-lib']}`,
      constructs,
      'tsx@4',
      'ts-node@10',
      'typescript@5',
      `@types/node@${devDependencies['@types/node']}`,
    ),
  );
  const old = folder('old');
  step('an app with the lowest CDK', () => install(old, tarball, `aws-cdk-lib@${LOWEST_CDK}`, constructs));
  step('the construct', () => checkConstruct({ app, old, nodes }));
  step('its types', () => checkTypes(app));
  step('the command line', () => checkCommandLine(app, nodes));
  step('a new project', () => checkProject(folder('new user'), tarball));
} finally {
  rmSync(root, { recursive: true, force: true });
}

function step<T>(name: string, take: () => T): T {
  const startedAt = Date.now();
  const result = take();
  process.stdout.write(`ok ${name} (${Math.round((Date.now() - startedAt) / 1_000)} s)\n`);
  return result;
}

function folder(name: string): string {
  const path = join(root, name);
  mkdirSync(path);
  return path;
}

/**
 * Packs the package.
 * @returns the path of the tarball
 */
function pack(): string {
  const output = run('npm', ['pack', '--json', '--pack-destination', root], { folder: PROJECT });
  const [packed] = JSON.parse(output.slice(output.indexOf('[\n'), output.lastIndexOf(']') + 1)) as Packed[];
  if (packed === undefined) throw new Error(`npm pack reported no tarball: ${output}`);
  const { filename, size, unpackedSize } = packed;
  const sizes = `${(size / 1e6).toFixed(1)} MB packed, ${(unpackedSize / 1e6).toFixed(1)} MB installed`;
  if (size > MAX_PACKED || unpackedSize > MAX_INSTALLED)
    throw new Error(`The package is too large: ${sizes}.`);
  process.stdout.write(`ok packed: ${sizes}\n`);
  return join(root, filename);
}

/**
 * Installs the packages that npm's `node` package would bring.
 * @returns the binaries by major version
 */
function installNodes(): Readonly<Record<20 | 22 | 24, string>> {
  const there = folder('nodes');
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  install(there, ...[20, 22].map((major) => `node${major}@npm:${name}@${major}`));
  const binary = (major: 20 | 22): string => join(there, 'node_modules', `node${major}`, 'bin', 'node');
  return { 20: binary(20), 22: binary(22), 24: process.execPath };
}
