import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { layerOf, goesUp, moduleOf } from '../../bench/house/layers.ts';
import { importRules } from '../../bench/house/import-rules.ts';
import { fileSizes, importsUp } from '../../bench/house/measure.ts';

test('each module of src is in a layer, and imports only modules of lower layers', () => {
  const modules = [...fileSizes().keys()].filter((file) => file.startsWith('src/')).map(moduleOf);
  expect([...new Set(modules)].filter((module) => layerOf(module) === undefined)).toEqual([]);
  expect(importsUp()).toEqual([]);
});

test.each([
  ['src/collect/round/a.ts', 'src/collect/shard/b.ts', true],
  ['src/collect/shard/a.ts', 'src/collect/round/b.ts', false],
  ['src/collect/lines/a.ts', 'src/collect/summarize.ts', true],
  ['src/collect/round/files/a.ts', 'src/collect/round/b.ts', true],
  ['src/collect/round/a.ts', 'src/collect/round/files/b.ts', false],
  ['src/rows/formats/a.ts', 'src/fast-path/b.ts', true],
  ['src/rows/formats/a.ts', 'src/rows/b.ts', false],
  ['src/errors.ts', 'src/store/b.ts', true],
  ['src/store/a.ts', 'src/errors.ts', false],
  ['src/checkpoints/a.ts', 'src/contract.ts', true],
  ['src/job-control/a.ts', 'src/status/b.ts', true],
])('an import in %s of %s breaks the order of the layers: %j', (from, to, isUp) => {
  expect(goesUp(from, to)).toBe(isUp);
});

test.each([
  ['src/rows/formats/a.ts', 'rows'],
  ['src/collect/a.ts', 'collect'],
  ['src/collect/round/files/a.ts', 'collect/round/files'],
  ['src/collect/round/a.ts', 'collect/round'],
  ['src/collect/new/a.ts', 'collect/new'],
])('%s is in the module %s', (file, module) => {
  expect(moduleOf(file)).toBe(module);
});

test('the linter enforces the layers as import rules', () => {
  const { overrides } = JSON.parse(readFileSync('.oxlintrc.json', 'utf8')) as {
    readonly overrides: readonly { readonly files: readonly string[] }[];
  };
  expect(overrides.filter(({ files }) => files.some((each) => each.startsWith('src/')))).toEqual(
    importRules(),
  );
});

test('docs/architecture.md describes every folder of src', () => {
  const page = readFileSync('docs/architecture.md', 'utf8');
  const folders = readdirSync('src', { withFileTypes: true }).filter((entry) => entry.isDirectory());

  expect(folders.length).toBeGreaterThan(1);
  expect(
    folders.filter(({ name }) => !page.includes(`| \`src/${name}/\` |`)).map(({ name }) => name),
  ).toEqual([]);
});
