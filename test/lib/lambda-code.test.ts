/** @module-tag exhaustive */
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { App } from 'aws-cdk-lib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundleLambdas } from '../../build/bundle-lambdas.ts';
import { deployedProviders } from '../../src/config/deployed-providers.ts';
import { CONFIG } from './synthesized-stack.ts';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = ['lib', 'lambdas', 'src', 'package.json', 'tsconfig.json'];

let folder: string;
const assets: Record<string, string[]> = {};

/**
 * Names of the functions' assets, which contain their hashes.
 * @param project folder of the project's files
 */
async function synth(project: string, output: string): Promise<string[]> {
  await bundleLambdas(project);
  const module: unknown = await import(pathToFileURL(join(project, 'lib/nightshift-stack.ts')).href);
  const { NightshiftStack } = module as typeof import('../../lib/nightshift-stack.ts');
  const app = new App({ outdir: output, analyticsReporting: false });
  const stack = new NightshiftStack(app, 'Nightshift', { config: CONFIG });
  expect(stack.stackName).toBe('Nightshift');
  app.synth();
  return readdirSync(output).filter((name) => name.startsWith('asset.'));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nightshift-bundle-'));
  const elsewhere = join(folder, 'some/where else/project');
  for (const each of SOURCES) cpSync(join(PROJECT, each), join(elsewhere, each), { recursive: true });
  symlinkSync(join(PROJECT, 'node_modules'), join(elsewhere, 'node_modules'));
  assets['here'] = await synth(PROJECT, join(folder, 'out'));
  assets['output elsewhere'] = await synth(PROJECT, join(folder, 'a/deeper/output'));
  assets['project elsewhere'] = await synth(elsewhere, join(folder, 'third'));
}, 300_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each(['output elsewhere', 'project elsewhere'])('the assets are the same with the %s', (where) => {
  expect(assets['here']).toHaveLength(14);
  expect(assets[where]).toEqual(assets['here']);
});

test('the configuration is a file beside the code of the functions that need it, and not in the code', () => {
  const files: Record<string, unknown[]> = {};
  for (const asset of assets['here'] ?? []) {
    for (const name of readdirSync(join(folder, 'out', asset)).filter((each) => each.endsWith('.json'))) {
      const text = readFileSync(join(folder, 'out', asset, name), 'utf8');
      (files[name] ??= []).push(JSON.parse(text));
    }
    expect(readFileSync(join(folder, 'out', asset, 'index.mjs'), 'utf8')).not.toContain('glm-4.7');
  }
  // start-job, cancel-job, api and publish-config have the configuration; six steps call the provider.
  expect(files['config.json']).toEqual(Array.from({ length: 4 }, () => CONFIG));
  expect(files['providers.json']).toEqual(Array.from({ length: 6 }, () => deployedProviders(CONFIG)));
});

test('source maps name files by their paths in the project', () => {
  for (const asset of assets['here'] ?? []) {
    const map = JSON.parse(readFileSync(join(folder, 'out', asset, 'index.mjs.map'), 'utf8')) as {
      readonly sources: readonly string[];
    };
    const roots = new Set(map.sources.map((source) => source.split('/')[0]));
    expect(roots).toEqual(new Set(['lambdas', 'node_modules', 'src']));
    const missing = map.sources.filter((source) => !existsSync(join(PROJECT, source)));
    expect(missing).toEqual([]);
  }
});
