import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadStack, type LocalStack } from '../../host/load-stack.ts';
import { cachedStack } from '../../host/stack-cache.ts';
import { synthesizeTemplate } from '../../host/synthesize.ts';
import { readStack } from '../../host/template/local-stack.ts';
import type { NightshiftConfig } from '../../src/config/config.ts';
import { EXHAUSTIVE } from '../support/exhaustive.ts';

const CONFIG: NightshiftConfig = { profiles: { default: { provider: 'simulator', model: 'm' } } };
const OTHER: NightshiftConfig = { profiles: { default: { provider: 'simulator', model: 'another' } } };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightshift-stack-cache-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A stack that shows its number. */
const numbered = (number: number): LocalStack => ({
  machine: {
    arn: `arn:aws:states:::${number}`,
    definition: { StartAt: 'Done', States: { Done: { Type: 'Succeed' } } },
    functions: new Map([[`arn:aws:lambda:::${number}`, 'build-requests']]),
  },
  bucket: 'data',
  rules: [],
  schedules: [],
  routes: ['GET /jobs'],
});

/** A cache that numbers its stacks in the order in which they were synthesized. */
function countedCache(at = folder) {
  let count = 0;
  return {
    folder: at,
    synthesize: () => Promise.resolve(numbered((count += 1))),
  };
}

describe('the cached stack', () => {
  test('is what a new synthesis gives', async () => {
    // The first call may synthesize the stack; the second call reads the cached one.
    await loadStack(CONFIG);
    expect(await loadStack(CONFIG)).toEqual(readStack(synthesizeTemplate(CONFIG)));
  });

  test('is synthesized once per configuration', async () => {
    const cache = countedCache();
    expect(await cachedStack(CONFIG, cache)).toEqual(numbered(1));
    expect(await cachedStack(OTHER, cache)).toEqual(numbered(2));
    expect(await cachedStack(CONFIG, cache)).toEqual(numbered(1));
  });

  test('is synthesized again if the cached one cannot be read', async () => {
    const cache = countedCache();
    await cachedStack(CONFIG, cache);
    const [name = ''] = await readdir(folder);
    await writeFile(join(folder, name), '{"machine":');
    expect(await cachedStack(CONFIG, cache)).toEqual(numbered(2));
    expect(await cachedStack(CONFIG, cache)).toEqual(numbered(2));
  });

  test('is synthesized each time if its folder cannot be created', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const cache = countedCache(join(file, 'below'));
    await cachedStack(CONFIG, cache);
    expect(await cachedStack(CONFIG, cache)).toEqual(numbered(2));
  });

  test('is kept for the 32 configurations used last', EXHAUSTIVE, async () => {
    const cache = countedCache();
    for (let index = 0; index < 40; index += 1) {
      await cachedStack({ profiles: { default: { provider: 'simulator', model: `m${index}` } } }, cache);
    }
    expect(await readdir(folder)).toHaveLength(32);
  });
});
