import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { BIN, USER_ENV } from '../cli/spawn-cli.ts';
import { openTempFolder } from '../support/temp-folder.ts';
import { tableOf } from '../support/exhaustive.ts';
import { serve } from '../support/serve.ts';

/** A provider whose answers never end: it sends a byte now and then, so that no timeout between two chunks applies. */
async function openDrip(): Promise<{ readonly url: string; readonly asked: Promise<void> }> {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const drips: NodeJS.Timeout[] = [];
  const url = await serve((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' });
    drips.push(setInterval(() => response.write(' '), 100));
    resolve();
  });
  onTestFinished(() => {
    for (const drip of drips) clearInterval(drip);
  });
  return { url: `${url}/v1`, asked };
}

tableOf(['SIGTERM', 'SIGINT'], 1).test(
  'a run whose provider never finishes an answer ends on %s, and its folder is free',
  async (signal) => {
    const folder = await openTempFolder();
    await writeFile(join(folder, 'a.jsonl'), '{"prompt":"x"}\n');
    const { url, asked } = await openDrip();
    const env = {
      ...USER_ENV,
      MELIOUS_API_KEY: 'a-key-of-the-tests',
      PROVIDER_BASE_URLS: JSON.stringify({ melious: url }),
    };
    const child = spawn(process.execPath, [BIN, 'run', 'a.jsonl', '--provider', 'melious'], {
      cwd: folder,
      env,
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await asked;

    child.kill(signal);

    // The answers never end, so the process exits only because its wait for them has a limit.
    expect(await once(child, 'exit')).toEqual([130, null]);
    expect(said).toContain(
      'Interrupted; nothing more is sent. Sent so far: 1 file that may have been uploaded',
    );
  },
);
