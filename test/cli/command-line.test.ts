import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startSimulator, type Simulator } from '../../simulator/index.ts';
import type { ResultLine } from '../../src/checkpoints/result-line.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { runCli } from './run-cli.ts';
import { BIN, spawnCli, USER_ENV, type Exited } from './spawn-cli.ts';
import { EXHAUSTIVE, tableOf } from '../support/exhaustive.ts';

const nightshift = (folder: string, ...args: string[]): Promise<Exited> => spawnCli(folder, args);

const KEY = 'sk-mel-of-a-user';

/** The environment of a user whose provider is this simulator. */
const askingOf = ({ url }: Simulator): Record<string, string> => ({
  MELIOUS_API_KEY: KEY,
  PROVIDER_BASE_URLS: JSON.stringify({ melious: url }),
});

let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'nightshift-cli-'));
});

afterAll(() => rm(home, { recursive: true, force: true }));

async function openFolder(files: Record<string, string> = {}): Promise<string> {
  const folder = await mkdtemp(join(home, 'case-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

describe.concurrent('nightshift run', () => {
  test('without arguments runs the example and shows its answers and files', async () => {
    const folder = await openFolder();

    const { status, stdout, stderr } = await runCli(folder, ['run']);

    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout).toMatch(/status: in_progress \(\d+\/10\)/);
    expect(stdout).toMatch(/status: succeeded \(10\/10\)/);
    expect(stdout).toMatch(/q9 .*│/);
    expect(stdout).toContain('10 rows: 10 ok');
    expect(stdout).toMatch(/^Provider: a simulator on .*; its answers are made up, and free\.$/m);
    expect(stdout).toContain('Simulated: these answers are made up');
    const results = /^ {2}(nightshift-data\/output\/.*\/results\.jsonl)$/m.exec(stdout)?.[1] ?? '';
    expect((await readFile(join(folder, results), 'utf8')).trimEnd().split('\n')).toHaveLength(10);
  });

  test('with --json prints one summary and nothing else, puts the files into --out, and exits 3 with dead letters', async () => {
    const rows = [
      { custom_id: 'good', prompt: 'echo:fine' },
      { custom_id: 'bad [fail:INFERENCE_3207]', prompt: 'never' },
      { custom_id: 'late [flaky:INFERENCE_3107]', prompt: 'echo:in round 2' },
    ];
    const folder = await openFolder({ 'my.jsonl': rows.map((row) => JSON.stringify(row)).join('\n') });

    const args = ['run', 'my.jsonl', '--simulate', '--json', '--out', 'results'];
    const { status, stdout } = await runCli(folder, args);

    expect(status).toBe(3);
    const summary = JSON.parse(stdout) as Summary;
    expect(summary).toMatchObject({ status: 'partial', rounds: 2, counts: { ok: 2, failed: 1 } });
    expect(summary.simulated).toBe(true);
    const results = await readFile(join(folder, 'results', 'results.jsonl'), 'utf8');
    const lines = results
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ResultLine);
    expect(lines.map(({ ok, simulated }) => [ok, simulated])).toEqual([
      [true, true],
      [false, undefined],
      [true, true],
    ]);
    const report = await readFile(join(folder, 'results', 'report.html'), 'utf8');
    expect(report).toMatch(/<title>.*\(simulated\)<\/title>/);
    expect(report).toMatch(/<h1>[^]*simulated[^]*<\/h1>/);
    expect((await readdir(join(folder, 'results'))).toSorted()).toEqual([
      'dead-letters.jsonl',
      'report.html',
      'results.jsonl',
      'summary.json',
    ]);
  });

  test('leaves no dead letters of an earlier run in --out', EXHAUSTIVE, async () => {
    const folder = await openFolder({
      'a.jsonl': '{"prompt":"echo:x"}\n{}\n',
      'b.jsonl': '{"prompt":"echo:x"}',
    });

    await nightshift(folder, 'run', 'a.jsonl', '--simulate', '--out', 'results');
    expect(await readdir(join(folder, 'results'))).toContain('dead-letters.jsonl');
    await nightshift(folder, 'run', 'b.jsonl', '--simulate', '--out', 'results');

    expect(await readdir(join(folder, 'results'))).not.toContain('dead-letters.jsonl');
  });

  test('calls the provider of the profile and does not say that answers are simulated', async (context) => {
    const simulator = await startSimulator({ apiKey: KEY });
    // The context of this test: with concurrent tests, the imported function may belong to another one.
    context.onTestFinished(() => simulator.close());
    const folder = await openFolder({ 'a.jsonl': '{"prompt":"echo:x"}' });
    const request = {
      rows: [{ prompt: 'echo:x' }],
      overrides: { polling: { minSeconds: 1, maxSeconds: 1 } },
    };
    await writeFile(join(folder, 'x.job.json'), JSON.stringify(request));

    const { status, stdout } = await runCli(
      folder,
      ['run', 'x.job.json', '--out', 'results'],
      askingOf(simulator),
    );

    expect(status).toBe(0);
    expect(simulator.batches()).toHaveLength(1);
    expect(stdout).toMatch(/^Provider: melious$/m);
    const files = await Promise.all(
      ['results.jsonl', 'summary.json', 'report.html'].map((name) =>
        readFile(join(folder, 'results', name), 'utf8'),
      ),
    );
    expect(`${stdout}${files.join('')}`).not.toMatch(/simulated|made up|"provider":"simulator"/i);
  });

  test('reports a missing key once, before it writes anything', async () => {
    const folder = await openFolder({ 'a.jsonl': '{"prompt":"echo:x"}' });

    const { stderr } = await runCli(folder, ['run', 'a.jsonl']);

    expect(stderr.match(/MELIOUS_API_KEY/g)).toHaveLength(1);
    expect(await readdir(folder)).toEqual(['a.jsonl']);
  });

  test('writes answers that are files into --out, too', EXHAUSTIVE, async () => {
    const folder = await openFolder();
    await writeFile(join(folder, 'ships.jsonl'), '{"custom_id":"cog","prompt":"A cog"}\n');
    const image = ['--endpoint', '/v1/images/generations', '--model', 'm'];

    const { stdout } = await nightshift(
      folder,
      'run',
      'ships.jsonl',
      '--simulate',
      ...image,
      '--out',
      'results',
    );

    expect(stdout).toMatch(/^ {2}results\/files$/m);
    const png = await readFile(join(folder, 'results/files/cog.png'));
    expect(png.toString('latin1', 1, 4)).toBe('PNG');
  });

  test(
    'continues to its end, without a stack trace, when its output is no longer read',
    EXHAUSTIVE,
    async () => {
      const folder = await openFolder();
      const child = spawn(process.execPath, [BIN, 'run', '--out', 'results'], {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let stderr = '';
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      child.stdout.once('data', () => child.stdout.destroy());

      const [status] = (await once(child, 'close')) as [number];

      expect(stderr).toBe('');
      expect(status).toBe(0);
      expect(await readdir(join(folder, 'results'))).toContain('summary.json');
    },
  );

  test('shows the earlier results of a file, and runs it again with the option', async () => {
    const folder = await openFolder({ 'a.jsonl': '{"prompt":"echo:x"}' });
    const args = ['run', 'a.jsonl', '--simulate', '--json'];

    const first = JSON.parse((await runCli(folder, args)).stdout) as Summary;
    const second = JSON.parse((await runCli(folder, args)).stdout) as Summary;
    const third = JSON.parse((await runCli(folder, [...args, '--again'])).stdout) as Summary;

    expect(second).toEqual(first);
    expect(third.jobId).not.toBe(first.jobId);
  });

  test('runs several files as one job', EXHAUSTIVE, async () => {
    const folder = await openFolder({ 'a.txt': 'echo:1\n', 'b.csv': 'prompt\necho:2\n' });

    const files = ['a.txt', 'b.csv', '--simulate'];
    const { stdout } = await nightshift(folder, 'run', ...files, '--json', '--out', 'results');

    const summary = JSON.parse(stdout) as Summary;
    expect(summary).toMatchObject({ status: 'succeeded', rows: 2 });
    const results = await readFile(join(folder, 'results', 'results.jsonl'), 'utf8');
    expect(results).toContain('a.txt');
    expect(results).toContain('b.csv');
  });

  test('accepts a job request whose inputs are in the data folder', EXHAUSTIVE, async () => {
    const request = { profile: 'classify', prefix: 'staged/', overrides: { rounds: 1 } };
    const folder = await openFolder({ 'x.job.json': JSON.stringify(request) });
    await mkdir(join(folder, 'nightshift-data', 'staged'), { recursive: true });
    await writeFile(join(folder, 'nightshift-data', 'staged', 'a.csv'), 'product,review\nKettle,Fine\n');

    const { status, stdout } = await nightshift(folder, 'run', 'x.job.json', '--simulate', '--json');

    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ profile: 'classify', inputs: [{ key: 'staged/a.csv' }] });
  });

  test('exits 1 and shows the reason when the job failed', EXHAUSTIVE, async () => {
    const folder = await openFolder({ 'empty.jsonl': '' });

    const { status, stderr } = await nightshift(folder, 'run', 'empty.jsonl', '--simulate');

    expect(status).toBe(1);
    expect(stderr).toMatch(/The job failed: .*empty\.jsonl/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  tableOf(
    [
      [['run', 'absent.jsonl'], 'There is no file absent.jsonl.'],
      [['run', 'absent.job.json'], 'There is no file absent.job.json.'],
      [['run', 'wrong.job.json'], 'profil'],
      [['run', 'wrong.job.json', 'a.jsonl'], 'wrong.job.json is a job request: run it alone.'],
      [['local', '--port', 'x'], '--port'],
      [['simulator', '--script', 'a.json'], 'There is no file a.json. Did you mean "a.jsonl"?'],
      [['run', '.'], '. is not a file.'],
      [['run', 'a.jsonl', '--profile', 'nope'], 'There is no profile "nope"'],
      [['run', 'a.jsonl', '--provider', 'nope'], 'There is no provider "nope"'],
      [['run', 'a.jsonl'], 'Set the environment variable MELIOUS_API_KEY. With --simulate,'],
      [['run', 'a.jsonl', '--provider', 'melious'], 'Set the environment variable MELIOUS_API_KEY.'],
      [['run', '--provider', 'groq'], 'Set the environment variable GROQ_API_KEY.'],
      [['run', 'a.jsonl', '--provider', 'melious', '--simulate'], '--simulate uses no real provider'],
      [['run', 'a.jsonl', '--rounds', 'many'], '--rounds'],
      [['run', 'a.jsonl', '--simulate', '--out', './a.jsonl'], '--out: ./a.jsonl is an input of the job'],
      [['run', 'a.jsonl', '--simulate', '--out', 'a.jsonl/b'], '--out: "a.jsonl/b" could not be created'],
      [
        ['run', 'a.jsonl', '--simulate', '--data', 'a.jsonl'],
        '--data: "a.jsonl" could not be created: a file has this name',
      ],
      [['run', '--nonsense'], "unknown option '--nonsense'"],
      [['dance'], "unknown command 'dance'"],
    ],
    4,
  ).test('exits 2 with an error: %j', async (args, message) => {
    const folder = await openFolder({
      'a.jsonl': '{"prompt":"x"}',
      'wrong.job.json': '{"profil":"x","rows":[{}]}',
    });

    const { status, stdout, stderr } = await runCli(folder, args);

    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });

  test('has a help text', async () => {
    const { status, stdout } = await runCli(await openFolder(), ['run', '--help']);

    expect(status).toBe(0);
    for (const option of [
      '--model',
      '--provider',
      '--endpoint',
      '--out',
      '--json',
      '--strict',
      'Exit status: 0',
    ]) {
      expect(stdout).toContain(option);
    }
  });
});

describe.concurrent('a command that runs until Ctrl-C', () => {
  test('cancels the job at the provider on the second Ctrl-C and keeps the finished rows', async (context) => {
    // Only a cancel ends the batch, however long it takes until the signals arrive.
    const simulator = await startSimulator({ apiKey: KEY });
    context.onTestFinished(() => simulator.close());
    simulator.addFaults({ at: 'batch', action: { kind: 'stuck', status: 'in_progress', finished: 0.5 } });
    const request = {
      rows: Array.from({ length: 200 }, (_, n) => ({ prompt: `echo:${n}` })),
      overrides: { polling: { minSeconds: 1, maxSeconds: 1 } },
    };
    const folder = await openFolder({ 'x.job.json': JSON.stringify(request) });
    const child = spawn(process.execPath, [BIN, 'run', 'x.job.json', '--out', 'results'], {
      cwd: folder,
      env: { ...USER_ENV, ...askingOf(simulator) },
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const says = (text: string): Promise<void> =>
      vi.waitFor(() => expect(output).toContain(text), { timeout: 60_000, interval: 20 });

    await says('Create batch     batch');
    child.kill('SIGINT');
    await says('Ctrl-C again cancels it at the provider.');
    child.kill('SIGINT');
    const [status] = (await once(child, 'close')) as [number];

    expect(status).toBe(1);
    const summary = JSON.parse(await readFile(join(folder, 'results', 'summary.json'), 'utf8')) as Summary;
    expect(summary).toMatchObject({ status: 'cancelled', rows: 200 });
    const results = await readFile(join(folder, 'results', 'results.jsonl'), 'utf8');
    expect(results.trimEnd().split('\n')).toHaveLength(200);
    expect(output).not.toMatch(/^\s+at /m);
  });

  test(
    'runs dropped files until then, and continues with the rest at the next start',
    EXHAUSTIVE,
    async () => {
      const folder = await openFolder();
      const start = async () => {
        const child = spawn(process.execPath, [BIN, 'local', '--port', '0'], {
          cwd: folder,
          env: USER_ENV,
        });
        const output = { text: '' };
        child.stdout.on('data', (chunk: Buffer) => (output.text += chunk.toString()));
        child.stderr.on('data', (chunk: Buffer) => (output.text += chunk.toString()));
        const says = (text: string): Promise<void> =>
          vi.waitFor(() => expect(output.text).toContain(text), { timeout: 60_000, interval: 50 });
        await says('Ctrl-C stops.');
        return { child, says, output };
      };
      const first = await start();
      await writeFile(join(folder, 'nightshift-data', 'input', 'default', 'a b.txt'), 'echo:1\necho:2\n');
      await first.says('Create batch     batch');
      first.child.kill('SIGINT');
      expect(await once(first.child, 'close')).toEqual([0, null]);
      expect(first.output.text).toContain('1 job has not ended. Sent so far: 1 batch at the provider');

      const second = await start();
      await second.says('Write results    succeeded');
      second.child.kill('SIGINT');

      expect(await once(second.child, 'close')).toEqual([0, null]);
      expect(second.output.text).toMatch(/job a-b-[0-9a-f]{16} continues/);
      expect(second.output.text).toContain('Stopping. No job is running.');
      expect(second.output.text).not.toContain('Ctrl-C again');
      expect(second.output.text).not.toMatch(/^\s+at /m);
    },
  );
});
