import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCli } from './run-cli.ts';
import { spawnCli } from './spawn-cli.ts';
import { EXHAUSTIVE } from '../support/exhaustive.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightshift-init-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const FILES = [
  '.gitignore',
  'README.md',
  'app.ts',
  'bin',
  'cdk.json',
  'nightshift.config.ts',
  'package.json',
  'questions.csv',
];

async function manifest(at = folder): Promise<Record<string, Record<string, string>>> {
  return JSON.parse(await readFile(join(at, 'package.json'), 'utf8')) as Record<
    string,
    Record<string, string>
  >;
}

describe('init', () => {
  test('makes a project in an empty folder and shows the next steps', async () => {
    const { status, stdout } = await runCli(folder, ['init']);
    expect(status).toBe(0);
    expect(stdout).toContain('Next: npm install && npm start');
    const names = await readdir(folder, { recursive: true });
    expect(names.map((name) => name.replace(/^bin./, '')).toSorted()).toEqual(FILES);
    const { scripts, dependencies, devDependencies } = await manifest();
    expect(Object.keys(scripts ?? {})).toEqual(['start', 'local', 'synth', 'diff', 'deploy', 'destroy']);
    expect(dependencies).toMatchObject({ nightshift: expect.stringMatching(/^\^\d/) as string });
    expect(devDependencies).toEqual({ 'aws-cdk': expect.stringMatching(/^2\./) as string });
  });

  test('makes a project whose table runs', EXHAUSTIVE, async () => {
    await runCli(folder, ['init']);
    const { scripts } = await manifest();
    // The command that `npm start` runs.
    const [command, ...args] = scripts?.['start']?.split(' ') ?? [];
    expect(command).toBe('nightshift');
    const { status, stdout } = await spawnCli(folder, args);
    expect(stdout).toContain('4 rows: 4 ok');
    expect(status).toBe(0);
  });

  test('makes the named folder', async () => {
    const { stdout } = await runCli(folder, ['init', 'my-batches']);
    expect(stdout).toContain('Next: cd my-batches && npm install && npm start');
    expect(await manifest(join(folder, 'my-batches'))).toMatchObject({ name: 'my-batches' });
  });

  test('keeps the contents of a package.json and a .gitignore', async () => {
    const given = {
      name: 'theirs',
      type: 'commonjs',
      scripts: { start: 'theirs' },
      dependencies: { nightshift: 'file:x.tgz' },
    };
    await writeFile(join(folder, 'package.json'), JSON.stringify(given));
    await writeFile(join(folder, '.gitignore'), '/secret\nnode_modules/');
    await runCli(folder, ['init']);
    expect(await manifest()).toMatchObject({
      name: 'theirs',
      type: 'commonjs',
      scripts: { start: 'theirs', synth: 'cdk synth --quiet' },
      dependencies: { nightshift: 'file:x.tgz' },
    });
    const ignored = await readFile(join(folder, '.gitignore'), 'utf8');
    expect(ignored).toBe('/secret\nnode_modules/\ncdk.out/\ncdk-outputs.json\nnightshift-data/\n');
    // In a folder where .ts files are CommonJS, the extension of the app makes it a module.
    expect(await readdir(join(folder, 'bin'))).toEqual(['app.mts']);
  });

  test('writes nothing if one of its files exists', async () => {
    await writeFile(join(folder, 'cdk.json'), '{}');
    const { status, stderr } = await runCli(folder, ['init']);
    expect(stderr).toContain('cdk.json: already there, so nothing was written.');
    expect(status).toBe(2);
    expect(await readdir(folder)).toEqual(['cdk.json']);
  });
});
