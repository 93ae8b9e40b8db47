import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { indexKey, jobKey, planKey, shardKey, summaryKey } from '../../src/checkpoints/keys.ts';
import type { Job } from '../../src/checkpoints/job.ts';
import type { Plan } from '../../src/checkpoints/plan.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { NO_ROWS } from '../../src/checkpoints/outcomes.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { writeJson } from '../../src/store/json.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { CONFIG } from '../support/config.ts';
import { resolveProfile } from '../../src/config/resolve-profile.ts';
import { EVIL, expectText } from './hostile.ts';
import { runCli } from './run-cli.ts';
import { tableOf } from '../support/exhaustive.ts';

const JOBS = { running: `running-${EVIL}`, done: `done-${EVIL}`, failed: `failed-${EVIL}` };
const DATA = `data-${EVIL}`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nightshift-hostile-'));
  const store = createFolderStore(join(folder, DATA));
  await Promise.all(Object.values(JOBS).map((jobId, n) => writeJob(store, jobId, n)));
  await writeSummary(store, JOBS.done, { status: 'partial' });
  const failure = { name: EVIL, code: EVIL, message: `It failed: ${EVIL}` };
  await writeSummary(store, JOBS.failed, { status: 'failed', failure, advice: EVIL });
  await mkdir(join(folder, EVIL));
  await writeFile(
    join(folder, EVIL, `${EVIL}.jsonl`),
    `${JSON.stringify({ custom_id: 'q', prompt: EVIL })}\n{"custom_id":${JSON.stringify(EVIL)}}\n`,
  );
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function writeJob(store: ObjectStore, jobId: string, n: number): Promise<void> {
  const profile = resolveProfile(CONFIG, 'default', { model: EVIL });
  const provider = { ...profile.provider, name: EVIL };
  const createdAt = `2026-11-0${n + 1}T00:00:00.000Z`;
  const job: Job = {
    jobId,
    inputs: [{ key: `input/${EVIL}` }],
    profile: { ...profile, name: EVIL, provider, endpoint: EVIL },
    createdAt,
  };
  const problem = { line: 1, custom_id: EVIL, code: 'INVALID_JSON', message: EVIL } as const;
  const plan: Plan = {
    rows: 2,
    invalid: 0,
    inputTokens: 1,
    shards: [{ rows: 2, invalid: 0, requests: 2, bytes: 9 }],
    problems: [problem],
  };
  await writeJson(store, jobKey(jobId), job);
  await writeJson(store, planKey(jobId), plan);
  await store.put(indexKey(createdAt, jobId), '');
  const progress = {
    at: createdAt,
    round: 1,
    status: EVIL,
    batchId: EVIL,
    succeeded: 1,
    total: 2,
    nextPollAt: createdAt,
  };
  await writeJson(store, shardKey({ jobId, shard: 0 }, 'progress.json'), progress);
}

async function writeSummary(store: ObjectStore, jobId: string, more: Partial<Summary>): Promise<void> {
  const error = { code: EVIL, message: EVIL };
  const lines = [
    { custom_id: EVIL, ok: true, text: EVIL, round: 1 },
    { custom_id: `${EVIL}2`, ok: false, outcome: 'failed', error, retry: false, round: 1 },
  ];
  const results = `output/${jobId}/results.jsonl`;
  await store.put(results, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  await store.put(`output/${jobId}/files/${EVIL}.png`, 'x');
  await writeJson(store, summaryKey(jobId), {
    jobId,
    profile: EVIL,
    provider: EVIL,
    model: EVIL,
    endpoint: EVIL,
    inputs: [{ key: `input/${EVIL}` }],
    rows: 2,
    counts: { ...NO_ROWS, ok: 1, failed: 1 },
    shards: 1,
    rounds: 1,
    usage: { inputTokens: 1, outputTokens: 1 },
    models: [],
    truncated: 0,
    refused: 0,
    errors: [{ outcome: 'failed', ...error, rows: 1 }],
    unexplained: { missing: 0, duplicates: 0, unknown: 1, unknownIds: [EVIL], unreadable: 0 },
    batches: [],
    left: [EVIL],
    problems: [],
    results,
    deadLetters: undefined,
    startedAt: '2026-11-01T00:00:00.000Z',
    endedAt: '2026-11-01T00:01:00.000Z',
    seconds: 60,
    ...more,
  });
}

const target = ['--data', DATA];

/** Each command as people call it, with its expected exit status. */
const COMMANDS: readonly (readonly [status: number, ...args: string[]])[] = [
  [0, 'list', ...target],
  [0, 'list', ...target, '--json'],
  [0, 'status', ...target],
  ...Object.values(JOBS).flatMap((jobId): [number, ...string[]][] => [
    [0, 'status', jobId, ...target],
    [0, 'status', jobId, ...target, '--json'],
  ]),
  [1, 'watch', JOBS.running, ...target],
  [3, 'watch', JOBS.done, ...target],
  [1, 'watch', JOBS.failed, ...target, '--json'],
  [0, 'results', JOBS.done, ...target],
  [0, 'results', JOBS.failed, ...target],
  [0, 'results', JOBS.done, ...target, '--json'],
  [0, 'results', JOBS.done, ...target, '--out', `out-${EVIL}`],
  [0, 'results', JOBS.done, ...target, '--out', `out2-${EVIL}`, '--json'],
  [0, 'results', JOBS.done, ...target, '--format', 'csv', '--out', `${EVIL}.csv`],
  [2, 'results', JOBS.running, ...target],
  [2, 'status', EVIL, ...target],
  [2, 'status', '--data', EVIL.slice(1)],
  [2, 'status', '--outputs', EVIL],
  [2, 'list', ...target, '--status', EVIL],
  [2, `--${EVIL}`],
  [2, EVIL],
  [0, 'plan', join(EVIL, `${EVIL}.jsonl`)],
  [0, 'plan', join(EVIL, `${EVIL}.jsonl`), '--json'],
  [2, 'plan', EVIL],
  [2, 'plan', join(EVIL, `${EVIL}.jsonl`), '--profile', EVIL],
  [3, 'run', join(EVIL, `${EVIL}.jsonl`), '--simulate', '--verbose', '--data', 'run-data'],
  [0, 'complete', '--', 'run', EVIL.slice(0, 2)],
];

describe('a data folder full of hostile names and messages', () => {
  tableOf(
    COMMANDS.map(([status, ...args]) => ({ status, args })),
    5,
  ).test('is printed without effect by %j', async ({ status, args }) => {
    const plain = await runCli(folder, args);

    expectText(plain, false);
    expect(plain.status).toBe(status);
    if (!args.includes('--json')) return;
    for (const line of plain.stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toBeInstanceOf(Object);
  });

  test('is printed without effect on a terminal with colours, too', async () => {
    const styled = { NO_COLOR: '', FORCE_COLOR: '1' };
    for (const args of [
      ['list', ...target],
      ['status', JOBS.failed, ...target],
      ['results', JOBS.failed, ...target],
    ])
      expectText(await runCli(folder, args, styled), true);
  });

  test('has its complete values in --json', async () => {
    const { stdout } = await runCli(folder, ['status', JOBS.failed, ...target, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({
      jobId: JOBS.failed,
      profile: EVIL,
      failure: { message: `It failed: ${EVIL}` },
    });

    const results = await runCli(folder, ['results', JOBS.done, ...target, '--json']);
    expect(JSON.parse(results.stdout.split('\n')[0] ?? '')).toMatchObject({ custom_id: EVIL, text: EVIL });
  });
});
