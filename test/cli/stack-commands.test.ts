import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { roomPrefix } from '../../src/checkpoints/keys.ts';
import { changeKey } from '../../src/checkpoints/state-log.ts';
import { deployedConfigObject } from '../../src/config/deployed-config.ts';
import { writeJson } from '../../src/store/json.ts';
import { LINE_SCHEMAS } from './json-line-schemas.ts';
import { startCloudFormation } from './local-cloudformation.ts';
import { openCloud, STATE_MACHINE_ARN, type Cloud } from './open-cloud.ts';
import { runCli } from './run-cli.ts';
import { BIN, spawnCli, USER_ENV } from './spawn-cli.ts';
import { EXHAUSTIVE, tableOf } from '../support/exhaustive.ts';

let cloud: Cloud;

beforeAll(async () => {
  cloud = await openCloud();
});
afterAll(() => cloud[Symbol.asyncDispose]());

/** Parses the lines of `--json` and checks that each is documented. */
function lines(stdout: string): { readonly type: string; readonly [field: string]: unknown }[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const value = JSON.parse(line) as { type: keyof typeof LINE_SCHEMAS };
      return LINE_SCHEMAS[value.type].parse(value);
    });
}

let files = 0;

/** Writes an input file with a new name. */
async function file(rows: string): Promise<string> {
  files += 1;
  const name = `prompts-${files}.jsonl`;
  await writeFile(join(cloud.folder, name), rows);
  return name;
}

const ROWS = '{"custom_id":"a","prompt":"echo:one"}\n{"custom_id":"b","prompt":"echo:two"}\n';
const MIXED = `${ROWS}{"custom_id":"c [fail:INFERENCE_3207]","prompt":"never"}\n`;

async function submitHeld() {
  const release = cloud.hold();
  onTestFinished(release);
  const { stdout } = await cloud.nightshift('submit', await file(ROWS), '--json');
  return { jobId: String(lines(stdout)[0]?.['jobId']), release };
}

describe('plan', () => {
  const ROOM = { holders: [], waiting: [], recent: [900, 1_100] };

  test('shows for a stack when the batches would end, from its configuration and its running batches', async () => {
    const config = { providers: { melious: { maxBatches: 1 } }, profiles: { default: { model: 'm' } } };
    const before = await deployedConfigObject.require(cloud.store, undefined);
    await deployedConfigObject.write(cloud.store, undefined, config);
    onTestFinished(() => deployedConfigObject.write(cloud.store, undefined, before));
    await writeJson(cloud.store, changeKey(roomPrefix('melious'), 1), ROOM);

    const here = await cloud.nightshift('plan', await file(ROWS), '--json');
    const there = await cloud.nightshift('plan', await file(ROWS), '--outputs', 'cdk-outputs.json', '--json');
    const told = await cloud.nightshift('plan', await file(ROWS), '--outputs', 'cdk-outputs.json');

    expect(lines(here.stdout)[0]?.['room']).toBeUndefined();
    expect(lines(there.stdout)[0]).toMatchObject({
      model: 'm',
      room: { slots: 1, ahead: 0, isMeasured: true, secondsPerBatch: 1_000, seconds: 1_000 },
    });
    expect(told.stdout).toMatch(
      /^room +room for 1 batch at a time; nothing is ahead; done in about 16m 40s/m,
    );
  });

  test('accepts either a stack or a data folder', async () => {
    const { status, stderr } = await cloud.nightshift(
      'plan',
      await file(ROWS),
      '--stack',
      'x',
      '--data',
      'y',
    );

    expect(status).toBe(2);
    expect(stderr).toContain('give one of them');
  });
});

describe('submit', () => {
  test('uploads a file, starts its job, and shows the next commands', async () => {
    const { status, stdout, stderr } = await cloud.nightshift('submit', await file(ROWS));

    expect(stderr).toBe('');
    expect(status).toBe(0);
    const jobId = /^job (\S+) started$/m.exec(stdout)?.[1] ?? '';
    expect(stdout).toContain(`Watch it: nightshift watch ${jobId}`);
    await cloud.executions.result(jobId);
    expect(await cloud.store.get(`output/${jobId}/results.jsonl`)).toBeDefined();
  });

  test('with --wait watches to the end, shows the answers, and exits 3 with dead letters', async () => {
    const { status, stdout } = await cloud.nightshift(
      'submit',
      await file(MIXED),
      '--wait',
      '--interval',
      '1',
    );

    expect(stdout).toMatch(/status: (running|partial)/);
    expect(stdout).toMatch(/│ a +│ one/);
    expect(stdout).toMatch(/3 rows: 2 ok, 1 failed/);
    expect(stdout).toMatch(/ {2}s3:\/\/nightshift-data\/output\/.*\/dead-letters\.jsonl/);
    expect(status).toBe(3);
  });

  test('with --wait --json prints only objects: started, the progress, the summary', EXHAUSTIVE, async () => {
    const { stdout, stderr } = await cloud.nightshift(
      'submit',
      await file(ROWS),
      '--wait',
      '--json',
      '--interval',
      '1',
    );

    expect(stderr).toBe('');
    const told = lines(stdout);
    expect(told[0]).toMatchObject({ type: 'started', state: 'started' });
    expect(told.at(-2)).toMatchObject({ type: 'job', status: 'succeeded', counts: { ok: 2 } });
    expect(told.at(-1)).toMatchObject({ type: 'summary', status: 'succeeded', rows: 2 });
  });

  test('starts one job for the same file, unless it is run with --again', EXHAUSTIVE, async () => {
    const name = await file(ROWS);
    const submit = async (...more: string[]) => {
      const { stdout } = await cloud.nightshift(
        'submit',
        name,
        '--json',
        '--wait',
        '--interval',
        '1',
        ...more,
      );
      return lines(stdout)[0];
    };
    const first = await submit();
    const second = await submit();
    const third = await submit('--again');

    expect(second).toEqual({ ...first, state: 'finished' });
    expect(third).toMatchObject({ state: 'started' });
    expect(third?.['jobId']).not.toBe(first?.['jobId']);
  });

  test('accepts a job request whose inputs are in the bucket', EXHAUSTIVE, async () => {
    await cloud.store.put('staged/there.jsonl', ROWS);
    await writeFile(join(cloud.folder, 'x.job.json'), '{"inputs":["staged/there.jsonl"]}');

    const { stdout } = await cloud.nightshift('submit', 'x.job.json', '--wait', '--json', '--interval', '1');

    expect(lines(stdout).at(-1)).toMatchObject({ inputs: [{ key: 'staged/there.jsonl' }], rows: 2 });
  });

  test('refuses a provider that AWS cannot reach before anything is uploaded', async () => {
    const before = await Array.fromAsync(cloud.store.list(''));

    const { status, stderr } = await cloud.nightshift('submit', await file(ROWS), '--provider', 'simulator');

    expect(status).toBe(2);
    expect(stderr).toContain('`nightshift run` calls it from here');
    expect(await Array.fromAsync(cloud.store.list(''))).toEqual(before);
  });
});

test('submit reads standard input in a format that is detected or named', EXHAUSTIVE, async () => {
  const submit = async (input: string, ...flags: string[]) => {
    const args = [BIN, 'submit', '-', '--wait', '--json', '--interval', '1', ...flags];
    const child = spawn(process.execPath, args, { cwd: cloud.folder, env: { ...USER_ENV, ...cloud.env } });
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stdin.end(input);
    await once(child, 'close');
    const summary = lines(stdout).at(-1);
    return String(await cloud.store.get(`output/${String(summary?.['jobId'])}/results.jsonl`));
  };

  const table = await submit('id;text\n1;"two; pieces"\n', '--prompt', 'echo:{{text}}', '--quotes');
  expect(JSON.parse(table)).toMatchObject({ custom_id: '1', ok: true, text: 'two; pieces' });
  const text = await submit('echo:{"a"}\n', '--stdin', 'txt');
  expect(JSON.parse(text)).toMatchObject({ custom_id: 'row-00000001', ok: true, text: '{"a"}' });
});

describe('a job that runs', () => {
  test('is shown by status and list, has no results yet, and can be watched until it ends', async () => {
    const { jobId, release } = await submitHeld();

    const status = await cloud.nightshift('status', jobId, '--json');
    expect(lines(status.stdout)[0]).toMatchObject({ jobId, status: 'running' });
    const told = await cloud.nightshift('status', jobId);
    expect(told.stdout).toContain(`Watch it: nightshift watch ${jobId}`);
    const list = await cloud.nightshift('list', '--status', 'running', '--json');
    expect(lines(list.stdout)).toMatchObject([{ type: 'overview', jobId }]);
    const results = await cloud.nightshift('results', jobId);
    expect(results.status).toBe(2);
    expect(results.stderr).toContain(
      `Job ${jobId} is running: it has no results yet. nightshift watch ${jobId}`,
    );

    const watched = cloud.nightshift('watch', jobId, '--interval', '1');
    release();
    const { status: exit, stdout } = await watched;
    expect(stdout).toContain('status: succeeded');
    expect(stdout).toContain('2 rows: 2 ok');
    expect(exit).toBe(0);
  });

  test(
    'may be cancelled several times and continues after a resume; neither is possible after it succeeded',
    EXHAUSTIVE,
    async () => {
      const stuck = { kind: 'stuck', status: 'in_progress', finished: 0 } as const;
      cloud.simulator.addFaults({ at: 'batch', action: stuck });
      const { jobId, release } = await submitHeld();

      const cancelled = await cloud.nightshift('cancel', jobId, '--json');
      expect(lines(cancelled.stdout)).toEqual([{ type: 'cancelled', jobId, state: 'cancelling' }]);
      release();
      const watched = await cloud.nightshift('watch', jobId, '--json', '--interval', '1');
      expect(lines(watched.stdout).at(-1)).toMatchObject({ type: 'summary', status: 'cancelled' });
      expect(watched.status).toBe(1);
      const again = await cloud.nightshift('cancel', jobId);
      expect(again).toMatchObject({ status: 0, stderr: '' });
      await cloud.nightshift('watch', jobId, '--json', '--interval', '1');

      const resumed = await cloud.nightshift('resume', jobId, '--json');
      expect(lines(resumed.stdout)).toMatchObject([{ type: 'started', jobId, state: 'resumed' }]);
      const end = await cloud.nightshift('watch', jobId, '--interval', '1');
      expect(end).toMatchObject({ status: 0, stderr: '' });
      const late = await cloud.nightshift('cancel', jobId);
      expect(late).toMatchObject({ status: 2, stdout: '' });
      expect(late.stderr).toContain('has ended: there is nothing to cancel');
      const afterwards = await cloud.nightshift('resume', jobId);
      expect(afterwards.stderr).toContain('has finished: there is nothing to resume');
      expect(afterwards.status).toBe(2);
    },
  );

  test('continues when Ctrl-C stops the watching', EXHAUSTIVE, async () => {
    const { jobId, release } = await submitHeld();
    const child = spawn(process.execPath, [BIN, 'watch', jobId, '--interval', '1'], {
      cwd: cloud.folder,
      env: { ...USER_ENV, ...cloud.env },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    await vi.waitFor(() => expect(output).toContain('status: running'), { timeout: 60_000, interval: 20 });
    child.kill('SIGINT');

    expect(await once(child, 'close')).toEqual([130, null]);
    expect(output).toContain(`The job continues. Watch it again: nightshift watch ${jobId}`);
    release();
    await cloud.executions.result(jobId);
  });
});

describe('results', () => {
  test('come as files, as lines, or as a preview', async () => {
    const { stdout } = await cloud.nightshift(
      'submit',
      await file(MIXED),
      '--wait',
      '--json',
      '--interval',
      '1',
    );
    const jobId = String(lines(stdout).at(-1)?.['jobId']);

    const copied = await cloud.nightshift('results', jobId, '--out', 'got', '--json');
    expect(lines(copied.stdout)).toMatchObject([
      { type: 'file', jobId, path: join('got', 'dead-letters.jsonl') },
      { path: join('got', 'report.html') },
      { path: join('got', 'results.jsonl') },
      { path: join('got', 'summary.json') },
    ]);
    expect((await readdir(join(cloud.folder, 'got'))).toSorted()).toEqual([
      'dead-letters.jsonl',
      'report.html',
      'results.jsonl',
      'summary.json',
    ]);
    const printed = await cloud.nightshift('results', jobId, '--json');
    expect(printed.stdout).toBe(await readFile(join(cloud.folder, 'got', 'results.jsonl'), 'utf8'));
    const looked = await cloud.nightshift('results', jobId);
    expect(looked.stdout).toMatch(/│ b +│ two/);
  });
});

describe('what does not exist', () => {
  tableOf(
    [
      [
        ['status', 'nobody'],
        'There is no job nobody in stack Nightshift. See the list of jobs: nightshift list',
      ],
      [['watch', 'nobody'], 'There is no job nobody'],
      [['results', 'nobody'], 'There is no job nobody'],
      [['cancel', 'nobody'], 'There is no job nobody'],
      [['resume', 'nobody'], 'There is no job nobody'],
      [['status', '--outputs', 'none.json'], 'There is no none.json, which `npm run deploy` writes,'],
      [['status', '--outputs', 'prompts-1.jsonl'], 'prompts-1.jsonl is not JSON.'],
      [['status', '--data', 'none'], 'There is no folder "none".'],
      [['status', '--data', '.', '--stack', 'x'], 'give one of them'],
      [['submit', 'none.jsonl'], 'There is no file none.jsonl.'],
      [['cancle', 'x'], 'Did you mean cancel?'],
      [['submit', 'x.jsonl', '--wiat'], 'Did you mean --wait?'],
      [['list', '--status', 'odd'], "argument 'odd' is invalid"],
    ],
    3,
  ).test('is an error: %j', async (args, message) => {
    await writeFile(join(cloud.folder, 'prompts-1.jsonl'), ROWS);

    const { status, stdout, stderr } = await cloud.nightshift(...args);

    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });

  test(
    'is suggested by a command that changes it if only a part of its jobId is given',
    EXHAUSTIVE,
    async () => {
      const { stdout } = await cloud.nightshift('submit', await file(ROWS), '--json');
      const jobId = String(lines(stdout)[0]?.['jobId']);

      const { stderr } = await cloud.nightshift('cancel', jobId.slice(0, -3));

      expect(stderr).toContain(`Did you mean ${jobId}?`);
    },
  );

  test('is asked for if one file has several stacks', EXHAUSTIVE, async () => {
    const stack = { BucketName: 'nightshift-data', StateMachineAliasArn: STATE_MACHINE_ARN };
    await writeFile(join(cloud.folder, 'two.json'), JSON.stringify({ One: stack, Other: {}, Two: stack }));

    const { stderr } = await cloud.nightshift('list', '--outputs', 'two.json');

    expect(stderr).toContain('two.json has several stacks: One, Two. Choose one with --stack.');
  });
});

describe('--stack', () => {
  test('asks CloudFormation for the stack and reports that there is none', EXHAUSTIVE, async () => {
    const env = await startCloudFormation({
      Batches: { BucketName: 'nightshift-data', StateMachineAliasArn: STATE_MACHINE_ARN },
    });
    const list = (name: string) => runCli('/', ['list', '--json', '--stack', name], { ...cloud.env, ...env });

    expect(await list('Batches')).toMatchObject({ status: 0, stderr: '' });
    const none = await list('Nothing');
    expect(none.stderr).toContain('There is no stack "Nothing" in eu-central-1.');
    expect(none.status).toBe(2);
  });
});

test('without credentials, the error explains how to get them', async () => {
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL_SFN } = cloud.env;
  const env = {
    AWS_ENDPOINT_URL_S3: String(AWS_ENDPOINT_URL_S3),
    AWS_ENDPOINT_URL_SFN: String(AWS_ENDPOINT_URL_SFN),
    AWS_EC2_METADATA_DISABLED: 'true',
    HOME: cloud.folder,
  };

  const { status, stderr } = await spawnCli(cloud.folder, ['list'], env);

  expect(stderr).toBe(
    'nightshift: There are no AWS credentials. Set AWS_PROFILE or AWS_ACCESS_KEY_ID, or log in with `aws sso login`.\n',
  );
  expect(status).toBe(1);
});
