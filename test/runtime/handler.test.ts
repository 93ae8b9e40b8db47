import { expect, test } from 'vitest';
import type { Edges } from '../../src/edges.ts';
import { ProviderDenied, ProviderUnavailable } from '../../src/errors.ts';
import { readApiKey } from '../../src/runtime/api-key.ts';
import { handle } from '../../src/runtime/handler.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { openSecrets } from './secrets.ts';

const ENV = { SECRET_ARN: 'keys' };

const EDGES: Edges = {
  store: createFolderStore('/nowhere'),
  clock: { now: () => 0 },
  random: () => 0,
  log: () => undefined,
};

test.each([
  [new ProviderDenied('no'), 'new'],
  [new ProviderUnavailable('later'), 'old'],
])('after %s the next call uses the %s key', async (error, key) => {
  const secrets = openSecrets();
  secrets.put('keys', '{"melious":"old"}');
  const step = handle(
    async () => {
      await readApiKey('melious', ENV);
      throw error;
    },
    () => EDGES,
  );
  await expect(step({})).rejects.toBe(error);

  secrets.put('keys', '{"melious":"new"}');

  expect(await readApiKey('melious', ENV)).toBe(key);
});
