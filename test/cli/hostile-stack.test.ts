import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { jobKey } from '../../src/checkpoints/keys.ts';
import { resolveProfile } from '../../src/config/resolve-profile.ts';
import { CONFIG } from '../support/config.ts';
import { EXHAUSTIVE, tableOf } from '../support/exhaustive.ts';
import { EVIL, expectText } from './hostile.ts';
import { startCloudFormation } from './local-cloudformation.ts';
import { openCloud, STATE_MACHINE_ARN, type Cloud } from './open-cloud.ts';
import { runCli } from './run-cli.ts';
import { BIN, USER_ENV } from './spawn-cli.ts';

/** The characters of `EVIL` that can appear in the XML of a bucket's list. */
const EVIL_KEY = 'A\u202eB\u2066C\u200b\u{e0041}\u2028D';

const STRANGERS = ['unknown', EVIL];
const ROWS = `${JSON.stringify({ custom_id: 'q', prompt: `echo:${EVIL}` })}\n{"custom_id":${JSON.stringify(EVIL)}}\n`;

let cloud: Cloud;

beforeAll(async () => {
  cloud = await openCloud();
  await mkdir(join(cloud.folder, EVIL));
  await writeFile(join(cloud.folder, EVIL, `${EVIL}.jsonl`), ROWS);
  await writeFile(
    join(cloud.folder, EVIL, `${EVIL}.job.json`),
    JSON.stringify({ rows: [{ prompt: EVIL }], profile: EVIL }),
  );
  await copyFile(join(cloud.folder, 'cdk-outputs.json'), join(cloud.folder, EVIL, `${EVIL}.json`));
});
afterAll(() => cloud[Symbol.asyncDispose]());

describe('a stack, files and folders with hostile names are printed without effect', () => {
  const file = join(EVIL, `${EVIL}.jsonl`);
  const outputs = ['--outputs', join(EVIL, `${EVIL}.json`)];

  tableOf<readonly [status: number, ...args: string[]]>(
    [
      [0, 'submit', file, ...outputs],
      [3, 'submit', file, ...outputs, '--wait', '--interval', '1', '--json', '--model', EVIL],
      [3, 'submit', file, '--wait', '--interval', '1'],
      [2, 'submit', join(EVIL, `${EVIL}.job.json`)],
      [2, 'submit', file, '--profile', EVIL],
      [2, 'submit', EVIL],
      [2, 'submit', file, '--outputs', EVIL],
      ...STRANGERS.flatMap((jobId): [number, ...string[]][] => [
        [2, 'cancel', jobId, ...outputs],
        [2, 'cancel', jobId, '--json'],
        [2, 'resume', jobId, ...outputs],
        [2, 'resume', jobId, '--json'],
      ]),
      [2, 'resume', 'a', '--outputs', EVIL],
      [2, 'sweep', '--days', EVIL],
      [2, 'sweep', '--outputs', EVIL],
    ],
    4,
  ).test('exits %i: %j %j', async (status, ...args) => {
    const exited = await cloud.nightshift(...args);

    expectText(exited);
    expect(exited.status).toBe(status);
  });

  test('when a job of theirs is cancelled and resumed', async () => {
    const profile = resolveProfile(CONFIG, 'default', { model: EVIL });
    const job = { jobId: 'evil', inputs: [{ key: `input/${EVIL}` }], profile: { ...profile, name: EVIL } };
    await cloud.store.put(jobKey('evil'), JSON.stringify({ ...job, createdAt: new Date().toISOString() }));

    for (const flags of [outputs, ['--json']])
      for (const command of ['cancel', 'resume'])
        expectText(await cloud.nightshift(command, 'evil', ...flags));
  });

  test('when a sweep looks at their files', async () => {
    await cloud.store.put(`input/${EVIL_KEY}.jsonl`, ROWS);
    await cloud.store.put(`input/${EVIL_KEY}/${EVIL_KEY}.txt`, ROWS);
    await cloud.age(3_600_000);

    for (const flags of [outputs, ['--json']]) {
      const swept = await cloud.nightshift('sweep', '--limit', '1', ...flags);
      expectText(swept);
      expect(swept.status).toBe(0);
    }
  });
});

describe('a stack name from CloudFormation is printed without effect', () => {
  const prefixed = (prefix: string) => ({
    [`${prefix}BucketName`]: 'nightshift-data',
    [`${prefix}StateMachineAliasArn`]: STATE_MACHINE_ARN,
  });
  const several = `${EVIL}-several`;
  const foreign = `${EVIL}-foreign`;
  const denied = `${EVIL}-denied`;
  const stacks = {
    [EVIL]: prefixed(EVIL_KEY),
    [several]: { ...prefixed(EVIL_KEY), ...prefixed('Other') },
    [foreign]: { [EVIL_KEY]: EVIL_KEY },
    [denied]: { denied: `You may not: ${EVIL_KEY}` },
  };
  const file = join(EVIL, `${EVIL}.jsonl`);

  tableOf<readonly [status: number, stack: string, ...args: string[]]>(
    [
      ...[EVIL, `${EVIL}/${EVIL_KEY}`].flatMap((stack): [number, string, ...string[]][] => [
        [0, stack, 'list'],
        [0, stack, 'list', '--json'],
        [0, stack, 'submit', file],
        [3, stack, 'submit', file, '--wait', '--interval', '1', '--model', EVIL],
        [0, stack, 'sweep', '--limit', '1'],
        ...['status', 'watch', 'results', 'cancel', 'resume', 'retry'].map(
          (command): [number, string, ...string[]] => [2, stack, command, EVIL],
        ),
      ]),
      [2, `${EVIL}/other`, 'list'],
      [2, several, 'list'],
      [2, foreign, 'status'],
      [2, `${EVIL}-missing`, 'list'],
      [1, denied, 'list'],
    ],
    6,
  ).test('exits %i: --stack %j %j %j', async (status, stack, ...args) => {
    const env = { ...cloud.env, ...(await startCloudFormation(stacks)) };

    const exited = await runCli(cloud.folder, [...args, '--stack', stack], env);

    expectText(exited);
    expect(exited.status).toBe(status);
  });
});

test(
  'nightshift local prints hostile file names, contents and errors without effect',
  EXHAUSTIVE,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nightshift-hostile-local-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const data = `data-${EVIL}`;
    await mkdir(join(folder, data, 'input', 'default', EVIL), { recursive: true });
    await writeFile(join(folder, data, 'input', 'default', EVIL, `${EVIL}.jsonl`), ROWS);
    await writeFile(join(folder, data, 'input', `${EVIL}.pdf`), EVIL);
    await writeFile(
      join(folder, data, 'input', `${EVIL}.job.json`),
      JSON.stringify({ profile: EVIL, rows: [] }),
    );
    const child = spawn(process.execPath, [BIN, 'local', '--port', '0', '--verbose', '--data', data], {
      cwd: folder,
      env: USER_ENV,
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    const said = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()));

    await vi.waitFor(() => expect(`${said.stdout}${said.stderr}`).toMatch(/Write results +partial/), {
      timeout: 110_000,
      interval: 50,
    });
    child.kill('SIGINT');
    await once(child, 'close');

    expectText(said);
  },
);
