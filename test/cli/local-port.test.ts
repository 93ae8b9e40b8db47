import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openTempFolder } from '../support/temp-folder.ts';
import { runCli } from './run-cli.ts';

test('local says that its port is in use, and how to choose another', async () => {
  const other = createServer();
  await once(other.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo;

  const { status, stderr } = await runCli(await openTempFolder(), ['local', '--port', String(port)]);

  expect(status).toBe(2);
  expect(stderr).toContain(
    `Port ${port} is in use by another program. Stop it, or choose another port with --port.`,
  );
});
