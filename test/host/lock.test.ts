import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { holderOf, lockFolder } from '../../host/lock.ts';
import { openLocalEdges } from '../../host/open-edges.ts';
import { CONFIG } from '../support/config.ts';
import { openTempFolder } from '../support/temp-folder.ts';
import { EXHAUSTIVE } from '../support/exhaustive.ts';

const LOCK_MODULE = new URL('../../host/lock.ts', import.meta.url).href;

/** A process that takes the folder when it reads a line, prints the result, and keeps the folder until it is killed. */
const CONTENDER = `
import { lockFolder } from ${JSON.stringify(LOCK_MODULE)};
process.stdin.once('data', async () => {
  const said = await lockFolder(process.argv[1]).then(() => 'won', (error) => error.message);
  process.stdout.write(said + '\\n');
  setInterval(() => undefined, 1_000);
});
process.stdout.write('ready\\n');
`;

interface Contender {
  readonly child: ChildProcess;
  /** Makes the process take the folder, and returns its output. */
  take(): Promise<string>;
}

async function contend(folder: string): Promise<Contender> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', CONTENDER, folder]);
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  const line = async (): Promise<string> => String((await once(child.stdout, 'data'))[0]).trim();
  await line();
  return {
    child,
    take: () => {
      const said = line();
      child.stdin.write('go\n');
      return said;
    },
  };
}

test('a data folder is locked by a process and free when the process releases it', async () => {
  const folder = await openTempFolder();

  const first = await lockFolder(folder);
  expect(JSON.parse(await readFile(join(folder, '.lock'), 'utf8'))).toMatchObject({ pid: process.pid });
  await first[Symbol.asyncDispose]();
  expect(await holderOf(folder)).toBeUndefined();
  await using second = await lockFolder(folder);

  expect(second).toBeDefined();
});

test('a process cannot lock the same data folder twice', async () => {
  const folder = await openTempFolder();
  await using first = await lockFolder(folder);
  expect(first).toBeDefined();

  await expect(lockFolder(folder)).rejects.toThrow(`is in use by process ${process.pid} on `);
});

test('a data folder that another process uses is refused, and the error names the process', async () => {
  const folder = await openTempFolder();
  const other = await contend(folder);
  expect(await other.take()).toBe('won');

  await expect(lockFolder(folder)).rejects.toThrow(`is in use by process ${other.child.pid} on `);
  expect(await holderOf(folder)).toMatchObject({ pid: other.child.pid });
});

test.each([
  ['the number of a process that runs, as after its number was used again', String(process.ppid)],
  ['the number of a process that is the first of its container', '1'],
  ['a process of another machine', '{"pid":1,"host":"elsewhere","since":"2026-01-01T00:00:00.000Z"}'],
  ['nothing', ''],
  ['something else', 'what'],
])('a lock file with %s does not block when no process has the lock', async (_, content) => {
  const folder = await openTempFolder();
  await writeFile(join(folder, '.lock'), content);
  expect(await holderOf(folder)).toBeUndefined();

  await using lock = await lockFolder(folder);

  expect(lock).toBeDefined();
});

test('a deleted file about the holder lets no other process in while the folder is in use', async () => {
  const folder = await openTempFolder();
  await using first = await lockFolder(folder);
  expect(first).toBeDefined();
  await rm(join(folder, '.lock'));

  await expect(lockFolder(folder)).rejects.toThrow('is in use by another process');
});

test.each([[['.lock.db']], [['.lock']], [['.lock.db', '.lock']]])(
  'a process whose %j is deleted locks the folder again before its next step, and lets no other in',
  async (files) => {
    const folder = await openTempFolder();
    await using first = await lockFolder(folder);
    await first.announce('http://127.0.0.1:1');
    for (const file of files) await rm(join(folder, file));

    await Promise.all([first.requireHeld(), first.requireHeld()]);

    const other = await contend(folder);
    expect(await other.take()).toContain('is in use by');
    if (files.includes('.lock.db'))
      expect(await holderOf(folder)).toMatchObject({ pid: process.pid, url: 'http://127.0.0.1:1' });
    await first.requireHeld();
  },
);

test('a process whose lock file is deleted, and whose folder another process takes, starts no further step', async () => {
  const folder = await openTempFolder();
  const first = await lockFolder(folder);
  await first.requireHeld();
  await rm(join(folder, '.lock.db'));
  const other = await contend(folder);
  expect(await other.take()).toBe('won');

  for (let n = 0; n < 2; n += 1)
    await expect(first.requireHeld()).rejects.toThrow(`was taken over by process ${other.child.pid} on `);
  await first[Symbol.asyncDispose]();

  // The end of the first process does not release the lock of the other one.
  expect(await holderOf(folder)).toMatchObject({ pid: other.child.pid });
  await expect(lockFolder(folder)).rejects.toThrow('is in use by');
});

test('the steps of a host whose folder was taken over are not started', async () => {
  const folder = await openTempFolder();
  await using host = await openLocalEdges({
    data: folder,
    simulator: true,
    log: () => undefined,
    config: CONFIG,
  });
  await rm(join(folder, '.lock.db'));
  const other = await contend(folder);
  expect(await other.take()).toBe('won');

  await expect(host.steps.call('build-requests', { jobId: 'job' })).rejects.toMatchObject({
    name: 'StoreRejected',
    message: expect.stringContaining('because its file .lock.db was deleted') as string,
  });
});

test(
  'of many processes that take over from one that was killed exactly one wins, each time',
  EXHAUSTIVE,
  async () => {
    const folder = await openTempFolder();
    let holder = await contend(folder);
    expect(await holder.take()).toBe('won');

    for (let round = 0; round < 3; round += 1) {
      const contenders = await Promise.all(Array.from({ length: 8 }, () => contend(folder)));
      holder.child.kill('SIGKILL');
      await once(holder.child, 'exit');

      const said = await Promise.all(contenders.map((contender) => contender.take()));

      const winners = contenders.filter((_, n) => said[n] === 'won');
      expect(winners).toHaveLength(1);
      expect(said.filter((text) => text.includes('is in use by'))).toHaveLength(7);
      for (const { child } of contenders) if (child !== winners[0]?.child) child.kill('SIGKILL');
      holder = winners[0] ?? holder;
    }
  },
);

test('checking whether a folder is in use never blocks a process that locks it', async () => {
  const folder = await openTempFolder();
  const looker = spawn(process.execPath, [
    '--input-type=module',
    '-e',
    `import { holderOf } from ${JSON.stringify(LOCK_MODULE)};
     process.stdout.write('ready');
     for (;;) await holderOf(process.argv[1]);`,
    folder,
  ]);
  onTestFinished(async () => {
    looker.kill('SIGKILL');
    await once(looker, 'exit');
  });
  await once(looker.stdout, 'data');

  for (let n = 0; n < 50; n += 1) {
    await using lock = await lockFolder(folder);
    expect(lock).toBeDefined();
  }
});
