import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { lockFolder } from '../../host/lock.ts';
import { runCli } from '../cli/run-cli.ts';
import { EXHAUSTIVE } from '../support/exhaustive.ts';
import { openHost } from './open-host.ts';

test(
  'a retry in a folder that another process uses runs in that process and is watched to its end',
  EXHAUSTIVE,
  async () => {
    const host = await openHost();
    const running = await host.start();
    await host.drop(
      'input/a.jsonl',
      '{"custom_id":"a","prompt":"echo:one"}\n{"custom_id":"b","prompt":"x [fail:CONTENT_FILTER]"}\n',
    );
    const [first] = await host.ended(1);
    const lock = await lockFolder(host.folder);
    onTestFinished(() => lock[Symbol.asyncDispose]());
    await lock.announce(running.url);
    const jobId = first?.jobId ?? '';

    const args = ['retry', jobId, '--data', host.folder, '--model', 'other', '--interval', '1'];
    const { status, stdout } = await runCli(host.folder, [...args, '--out', 'answers.csv']);

    expect(status).toBe(3);
    expect(stdout).toContain(`it runs the retry ${jobId}-retry-1 of job ${jobId}, which is watched here.`);
    expect(stdout).toContain('2 rows: 1 ok, 1 failed');
    expect(await readFile(join(host.folder, 'answers.csv'), 'utf8')).toContain('CONTENT_FILTER');
    const asked = await runCli(host.folder, [...args, '--profile', 'clasify']);
    expect(asked).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('Did you mean "classify"?') as string,
    });
  },
);
