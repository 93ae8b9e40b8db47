import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openLocalEdges } from '../../host/open-edges.ts';
import { CONFIG } from '../support/config.ts';
import { openTempFolder } from '../support/temp-folder.ts';

/** Windows has no file modes. */
test.skipIf(process.platform === 'win32')(
  "A data folder is its owner's alone; those above it are as usual",
  async () => {
    const home = await openTempFolder();
    const data = join(home, 'new', 'data');
    const options = { data, simulator: true, log: () => undefined, config: CONFIG };

    await (await openLocalEdges(options))[Symbol.asyncDispose]();

    const usual = join(home, 'usual');
    await mkdir(usual);
    const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
    expect(await modeOf(data)).toBe(0o700);
    expect(await modeOf(join(home, 'new'))).toBe(await modeOf(usual));
  },
);
