import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadMachine, machineOf } from '../../host/load-stack.ts';
import { synthesizeTemplate } from '../../host/synthesize.ts';
import { cachedTemplate } from '../../host/template-cache.ts';
import type { NightshiftConfig } from '../../src/config/config.ts';
import { EXHAUSTIVE } from '../support/exhaustive.ts';

const CONFIG: NightshiftConfig = { profiles: { default: { provider: 'simulator', model: 'm' } } };
const OTHER: NightshiftConfig = { profiles: { default: { provider: 'simulator', model: 'another' } } };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightshift-template-cache-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A cache that numbers its templates in the order in which they were synthesized. */
function countedCache(at = folder) {
  let count = 0;
  return {
    folder: at,
    synthesize: () => Promise.resolve({ number: (count += 1) }),
  };
}

describe('the cached template', () => {
  test('of the real stack gives the same machine as a new synthesis', async () => {
    // The first call may synthesize the template; the second call reads the cached one.
    await loadMachine(CONFIG);
    expect(await loadMachine(CONFIG)).toEqual(machineOf(synthesizeTemplate(CONFIG)));
  });

  test('is synthesized once per configuration', async () => {
    const cache = countedCache();
    expect(await cachedTemplate(CONFIG, cache)).toEqual({ number: 1 });
    expect(await cachedTemplate(OTHER, cache)).toEqual({ number: 2 });
    expect(await cachedTemplate(CONFIG, cache)).toEqual({ number: 1 });
  });

  test('is synthesized again if the cached one cannot be read', async () => {
    const cache = countedCache();
    await cachedTemplate(CONFIG, cache);
    const [name = ''] = await readdir(folder);
    await writeFile(join(folder, name), '{"number":');
    expect(await cachedTemplate(CONFIG, cache)).toEqual({ number: 2 });
    expect(await cachedTemplate(CONFIG, cache)).toEqual({ number: 2 });
  });

  test('is synthesized each time if its folder cannot be created', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const cache = countedCache(join(file, 'below'));
    await cachedTemplate(CONFIG, cache);
    expect(await cachedTemplate(CONFIG, cache)).toEqual({ number: 2 });
  });

  test('is kept for the 32 configurations used last', EXHAUSTIVE, async () => {
    const cache = countedCache();
    for (let index = 0; index < 40; index += 1) {
      await cachedTemplate({ profiles: { default: { provider: 'simulator', model: `m${index}` } } }, cache);
    }
    expect(await readdir(folder)).toHaveLength(32);
  });
});
