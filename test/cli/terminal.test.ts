/** @module-tag exhaustive */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startSimulator } from '../../simulator/index.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { openCloud } from './open-cloud.ts';
import { CTRL_C, loadPty, openTerminal, type TerminalSession } from './open-terminal.ts';
import { BIN } from './spawn-cli.ts';

const pty = await loadPty();

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'nightshift-terminal-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

const ENV = { PATH: process.env['PATH'] ?? '', HOME: tmpdir() };

async function openFolder(files: Record<string, string> = {}): Promise<string> {
  const folder = await mkdtemp(join(home, 'case-'));
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return folder;
}

function nightshift(
  cwd: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<TerminalSession> {
  return openTerminal(process.execPath, [BIN, ...args], { cwd, env: { ...ENV, ...env } });
}

const matching = (session: TerminalSession, pattern: RegExp): string[] =>
  session.lines().filter((line) => pattern.test(line));

/** Matches colours, not attributes such as bold. */
// oxlint-disable-next-line no-control-regex -- it looks for control characters
const COLOUR = /\u001B\[(3|9)\d/;

describe.skipIf(pty === undefined)('nightshift run in a terminal', () => {
  test('draws its progress in place, and leaves its last state above the answers', async () => {
    const session = await nightshift(await openFolder(), ['run']);

    await session.sees(/◐ shard 0 {2}[█░]{20} {2}\d+\/10 {2}in_progress/);
    await session.sees(/^running · \d+\/10 rows · 0\/1 shard · \ds/m);
    expect(await session.exited).toBe(0);

    expect(matching(session, /shard 0/)).toEqual(['✔ shard 0  ████████████████████  10/10  done']);
    expect(matching(session, / rows · /)).toHaveLength(1);
    expect(matching(session, /^succeeded · 10\/10 rows · 1\/1 shard · /)).toHaveLength(1);
    expect(session.lines().join('\n')).toMatch(/│ q9 /);
    expect(session.written()).toMatch(COLOUR);
  });

  test('sums up many shards', async () => {
    const rows = Array.from({ length: 12 }, (_, n) => ({ prompt: `echo:${n}` }));
    const request = { rows, overrides: { shardLimits: { maxRows: 1 } } };
    const folder = await openFolder({ 'x.job.json': JSON.stringify(request) });

    const session = await nightshift(folder, ['run', 'x.job.json', '--simulate']);

    await session.sees(/shards {2}[█░]{20} \d+\/12 done/);
    expect(await session.exited).toBe(0);
    expect(matching(session, /^shards /)).toEqual(['shards  ████████████████████ 12/12 done']);
  });

  test('has no colours with NO_COLOR', async () => {
    const session = await nightshift(await openFolder(), ['run'], { NO_COLOR: '1' });

    expect(await session.exited).toBe(0);
    expect(session.lines().join('\n')).toContain('✔ shard 0');
    expect(session.written()).not.toMatch(COLOUR);
  });

  test.each([
    ['in a pipe', `"$0" "$1" run | cat`, {}],
    ['in a continuous integration', `"$0" "$1" run`, { CI: 'true' }],
    ['in a terminal that can do nothing', `"$0" "$1" run`, { TERM: 'dumb' }],
  ])('writes a line per step %s', async (_, script, env) => {
    const session = await openTerminal('/bin/sh', ['-c', script, process.execPath, BIN], {
      cwd: await openFolder(),
      env: { ...ENV, ...env, NO_COLOR: '1' },
    });

    expect(await session.exited).toBe(0);
    // oxlint-disable-next-line no-control-regex -- it looks for control characters
    expect(session.written()).not.toMatch(/\u001B/);
    expect(matching(session, /^\d\d:\d\d:\d\d {4}status: in_progress \(\d+\/10\)$/).length).toBeGreaterThan(
      0,
    );
    expect(matching(session, /^\d\d:\d\d:\d\d {2}Write results {4}succeeded$/)).toHaveLength(1);
  });
});

/** Starts a job whose batch ends only when the provider's clock is moved on. */
async function openSlowJob() {
  let offset = 0;
  const simulator = await startSimulator({
    stages: { queuedSeconds: 0, runningSeconds: 3_600, finalizingSeconds: 0 },
    clock: { now: () => Date.now() + offset },
  });
  onTestFinished(() => simulator.close());
  const rows = Array.from({ length: 100 }, (_, n) => ({ prompt: `echo:${n}` }));
  const request = { rows, overrides: { polling: { minSeconds: 1, maxSeconds: 1 }, retryWaitSeconds: 1 } };
  const folder = await openFolder({ 'a.job.json': JSON.stringify(request) });
  const env = {
    MELIOUS_API_KEY: 'sk-mel-of-the-terminal',
    PROVIDER_BASE_URLS: JSON.stringify({ melious: simulator.url }),
  };
  const run = (): Promise<TerminalSession> =>
    nightshift(folder, ['run', 'a.job.json', '--provider', 'melious', '--out', 'results'], env);
  return { folder, run, endBatches: () => void (offset = 4_000_000) };
}

describe.skipIf(pty === undefined)('Ctrl-C', () => {
  test('once leaves the job, which continues when it is run again', async () => {
    const { run, endBatches } = await openSlowJob();
    const session = await run();
    await session.sees(/in_progress/);
    session.type(CTRL_C);
    await session.sees(/Ctrl-C again cancels it at the provider\./);

    expect(await session.exited).toBe(130);
    expect(matching(session, /shard 0/)).toHaveLength(1);

    endBatches();
    const again = await run();
    await again.sees(/continues where it stopped/);
    expect(await again.exited).toBe(0);
    expect(again.lines().join('\n')).toContain('100 rows: 100 ok');
  });

  test('twice cancels it at the provider', async () => {
    const { folder, run } = await openSlowJob();
    const session = await run();
    await session.sees(/in_progress/);
    session.type(CTRL_C);
    await session.sees(/Ctrl-C again cancels it at the provider\./);
    session.type(CTRL_C);

    expect(await session.exited).toBe(1);
    expect(session.lines().join('\n')).toContain(
      'Cancelling. What is finished at the provider is still collected.',
    );
    const summary = JSON.parse(await readFile(join(folder, 'results', 'summary.json'), 'utf8')) as Summary;
    expect(summary).toMatchObject({ status: 'cancelled', rows: 100 });
  });
});

describe.skipIf(pty === undefined)('nightshift watch in a terminal', () => {
  /** Watches a job on a deployed stack that does not continue before the test releases it. */
  async function watchHeld() {
    const cloud = await openCloud();
    onTestFinished(() => cloud[Symbol.asyncDispose]());
    const release = cloud.hold();
    onTestFinished(release);
    await writeFile(join(cloud.folder, 'a.jsonl'), '{"prompt":"echo:x"}\n');
    const { stdout } = await cloud.nightshift('submit', 'a.jsonl', '--json');
    const { jobId } = JSON.parse(stdout) as { jobId: string };
    const session = await nightshift(cloud.folder, ['watch', jobId, '--interval', '1'], { ...cloud.env });
    return { session, jobId, release };
  }

  test('draws again for every size and leaves nothing of the earlier sizes', async () => {
    const { session, release } = await watchHeld();
    await session.sees(/◐ shard 0 {2}░{20} {2}0\/1 {2}sent/);

    session.resize(40, 12);
    await session.sees(/^◐ shard 0 {2}0\/1 {2}sent$/m);
    expect(matching(session, /shard 0/)).toEqual(['◐ shard 0  0/1  sent']);
    expect(matching(session, /^running · /)).toHaveLength(1);
    session.resize(120, 30);
    await session.sees(/◐ shard 0 {2}░{20} {2}0\/1/);
    release();

    expect(await session.exited).toBe(0);
    expect(matching(session, /shard 0/)).toEqual(['✔ shard 0  ████████████████████  1/1  done']);
    expect(matching(session, / rows · /)).toHaveLength(1);
  });

  test('leaves the job running after Ctrl-C', async () => {
    const { session, jobId, release } = await watchHeld();
    await session.sees(/shard 0/);
    session.type(CTRL_C);

    expect(await session.exited).toBe(130);
    expect(session.lines().join('\n')).toContain('The job continues. Watch it again: nightshift watch');
    expect(jobId).toMatch(/^a-/);
    release();
  });
});
