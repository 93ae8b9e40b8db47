/** @module-tag exhaustive */
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openTempFolder } from '../support/temp-folder.ts';
import { CTRL_C, loadPty, openTerminal } from './open-terminal.ts';
import { BIN } from './spawn-cli.ts';

const pty = await loadPty();

/** A port on which no server listens any more. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

test.skipIf(pty === undefined)(
  'local reports each failure once: a refused file with advice, a failed attempt with the time of the next one',
  async () => {
    const cwd = await openTempFolder();
    const providers = {
      house: { baseUrl: `http://127.0.0.1:${await closedPort()}/v1`, dialect: 'openai' },
    };
    const config = { providers, profiles: { default: { provider: 'house', model: 'm' } } };
    await writeFile(join(cwd, 'nightshift.config.json'), JSON.stringify(config));
    await mkdir(join(cwd, 'nightshift-data', 'input'), { recursive: true });
    await writeFile(join(cwd, 'nightshift-data', 'input', 'letter.docx'), 'x');
    await writeFile(join(cwd, 'nightshift-data', 'input', 'rows.jsonl'), '{"prompt":"x"}\n');
    const env = { PATH: process.env['PATH'] ?? '', HOME: cwd, NO_COLOR: '1', HOUSE_API_KEY: 'k' };

    const args = [BIN, 'local', '--live', '--port', '0'];
    const session = await openTerminal(process.execPath, args, { cwd, env, columns: 400, rows: 60 });
    await session.sees(/Attempt 1 of 9 failed/);
    await session.sees(/letter-\S+ {2}Job failed: /);
    session.type(CTRL_C);
    await session.sees(/Stopping/);
    session.type(CTRL_C);
    await session.exited;

    const lines = session.lines();
    const failed = lines.filter((line) => line.includes('.docx is not an input format'));
    expect(failed).toHaveLength(1);
    expect(failed[0]).toMatch(/Job failed: .*Correct what the message names, and start a new job/);
    const attempts = lines.filter((line) => line.includes('ECONNREFUSED'));
    const told = attempts.filter((line) => /Attempt \d of 9 failed; the next one is within/.test(line));
    expect(attempts.length).toBeGreaterThan(0);
    expect(attempts).toEqual(told);
  },
);
