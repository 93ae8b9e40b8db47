import { describe, expect, test } from 'vitest';
import { changes } from '../../cli/view/changes.ts';
import { figuresOf } from '../../cli/view/figures.ts';
import { renderFrame } from '../../cli/view/frame.ts';
import { createPlainView } from '../../cli/view/view.ts';
import type { JobDetails, JobStatus } from '../../src/status/job-status.ts';
import type { ShardStatus } from '../../src/status/shard-status.ts';

const START = Date.parse('2026-11-01T22:00:00.000Z');
const at = (seconds: number): string => new Date(START + seconds * 1_000).toISOString();
const plain = (_style: unknown, text: string): string => text;
const SIZE = { columns: 100, rows: 40 };

function shard(n: number, fields: Partial<ShardStatus> = {}): ShardStatus {
  const counts = { ok: 0, failed: 0, exhausted: 0, invalid_output: 0, invalid: 0 };
  return { shard: n, state: 'waiting', rows: 10, counts, ...fields };
}

function running(n: number, succeeded: number, total = 10, round = 1): ShardStatus {
  return shard(n, {
    state: 'running',
    progress: {
      round,
      batchId: 'b',
      status: 'in_progress',
      succeeded,
      total,
      polledAt: at(30),
      nextPollAt: at(45),
    },
  });
}

function details(shards: readonly ShardStatus[], status: Partial<JobStatus> = {}): JobDetails {
  const of = (state: ShardStatus['state']): number => shards.filter((shard) => shard.state === state).length;
  return {
    shards,
    status: {
      jobId: 'job',
      status: 'running',
      profile: 'default',
      createdAt: at(0),
      inputs: [],
      rows: shards.length * 10,
      counts: { ok: 0, failed: 0, exhausted: 0, invalid_output: 0, invalid: 0 },
      shards: {
        total: shards.length,
        waiting: of('waiting'),
        running: of('running'),
        stopped: of('stopped'),
        done: of('done'),
      },
      openShards: shards,
      ...status,
    },
  };
}

const done = (n: number): ShardStatus =>
  shard(n, { state: 'done', counts: { ok: 9, failed: 1, exhausted: 0, invalid_output: 0, invalid: 0 } });

test('a shard that waits for room shows what it waits for, how many shards are ahead, and when there is room', () => {
  const waits = { round: 1, status: 'waiting for tokens', ahead: 2, roomAt: at(2_460), polledAt: at(30) };
  const shards = [running(0, 4), shard(1, { state: 'running', progress: waits })];

  const lines = renderFrame(details(shards), SIZE, START + 60_000, plain);

  expect(lines[1]).toContain('waiting for tokens  2 shards ahead  room in about 40m');
  expect(lines[1]).not.toContain('next poll');
  // The other shard's next poll is shown, although this one waits.
  expect(figuresOf(details(shards), START + 40_000).nextPoll).toBe(5_000);
});

describe('a frame', () => {
  test('has a line per shard while there are few, and one for the job', () => {
    const job = details([done(0), running(1, 4), shard(2)], {
      counts: { ok: 9, failed: 1, exhausted: 0, invalid_output: 0, invalid: 0 },
    });

    expect(renderFrame(job, SIZE, START + 40_000, plain)).toEqual([
      '✔ shard 0  ████████████████████  10/10  done  1 failed',
      '◐ shard 1  ████████░░░░░░░░░░░░  4/10  in_progress  next poll in 5s',
      '○ shard 2  ░░░░░░░░░░░░░░░░░░░░  0/10  waiting',
      'running · 14/30 rows · 1 failed · 1/3 shards · 40s · about 46s left · next poll in 5s',
    ]);
  });

  test('sums the shards up if there are many or the window is too small', () => {
    const job = details(Array.from({ length: 40 }, (_, n) => (n < 10 ? done(n) : running(n, 5))));
    const sumsUp = [
      'shards  █████░░░░░░░░░░░░░░░ 10/40 done · 30 running',
      'batches in_progress 30',
      'rounds  round 1: 30',
      'running · 250/400 rows · 10/40 shards · 40s · about 24s left · next poll in 5s',
    ];

    expect(renderFrame(job, SIZE, START + 40_000, plain)).toEqual(sumsUp);
    const few = details([running(0, 1), running(1, 2), running(2, 3)]);
    expect(renderFrame(few, { columns: 100, rows: 4 }, START, plain)[0]).toMatch(/^shards/);
  });

  test.each([10, 20, 59, 60, 200])('is never wider than %i columns', (columns) => {
    const job = details([running(0, 4), done(1)]);

    const lines = renderFrame(job, { columns, rows: 40 }, START, plain);

    expect(lines.map((line) => line.length <= columns - 1)).toEqual(lines.map(() => true));
    expect(lines.some((line) => line.includes('█'))).toBe(columns >= 60);
  });

  test('cannot be garbled by control characters of a provider', () => {
    const evil = running(0, 1);
    const progress = { ...evil.progress, status: '\u001B[2J\u202Eoops\nx' } as ShardStatus['progress'];

    const text = renderFrame(details([{ ...evil, ...(progress && { progress }) }]), SIZE, START, plain).join(
      '\n',
    );

    expect(text).toContain('\\u001b[2J\\u202eoops x');
  });
});

describe('the figures', () => {
  test('count the rows of a batch from its counters only until it is collected', () => {
    const counts = { ok: 8, failed: 0, exhausted: 0, invalid_output: 0, invalid: 0 };
    const collected = { ...running(0, 8), counts };
    const second = { ...running(0, 1, 2, 2), counts };

    expect(figuresOf(details([collected]), START).done).toBe(8);
    expect(figuresOf(details([second]), START).done).toBe(9);
  });

  test('stop with the job, and show no time left while nothing is done', () => {
    const ended = details([done(0)], { status: 'succeeded', endedAt: at(60) });

    expect(figuresOf(ended, START + 999_000)).toMatchObject({ elapsed: 60_000, left: undefined });
    expect(figuresOf(details([running(0, 0)]), START + 60_000).left).toBeUndefined();
  });

  test('show no time left behind a pilot or while nothing runs', () => {
    const half = running(0, 4);
    const leftOf = (status: Partial<JobStatus>): number | undefined =>
      figuresOf(details([half], status), START + 60_000).left;

    expect(leftOf({})).toBeGreaterThan(0);
    expect(leftOf({ status: 'stopped' })).toBeUndefined();
    expect(leftOf({ status: 'waiting', pilot: { state: 'waiting', rows: 4 } })).toBeUndefined();
    // The time in which a person decided is not part of the estimate.
    expect(leftOf({ pilot: { state: 'approved', rows: 4 } })).toBeUndefined();
  });

  test('of a job that has ended include rows that share the answer of another row', () => {
    const counts = { ok: 30, failed: 0, exhausted: 0, invalid_output: 0, invalid: 0 };
    const ended = details([done(0)], { status: 'succeeded', rows: 30, counts, endedAt: at(60) });

    expect(figuresOf(ended, START).done).toBe(30);
  });
});

describe('the lines of what has changed', () => {
  test('show each change once', () => {
    const first = details([running(0, 4), shard(1)]);
    const second = details([running(0, 4), { ...shard(1), state: 'running' }]);

    expect(changes(undefined, first, START)).toEqual([
      'status: running',
      '20 rows in 2 shards',
      'shard 0, round 1: in_progress (4/10)',
    ]);
    expect(changes(first, first, START)).toEqual([]);
    expect(changes(first, second, START)).toEqual(['shard 1: sent']);
  });

  test('are followed once by the commands that decide about a waiting job', () => {
    const lines: string[] = [];
    const view = createPlainView((line) => lines.push(line), ' --data d');
    const pilot = { state: 'waiting', rows: 4, until: at(86_400) } as const;
    const waiting = details([shard(0)], { status: 'waiting', pilot });

    view.show(details([running(0, 4)]));
    for (let n = 0; n < 3; n += 1) view.show(waiting);

    const { jobId } = waiting.status;
    expect(lines.filter((line) => line.includes('nightshift '))).toEqual([
      `Send its other rows: nightshift approve ${jobId} --data d`,
      `Or end it: nightshift reject ${jobId} --data d`,
    ]);
  });

  test('show once that a job has no pilot', () => {
    const withoutPilot = { rows: 5, pilotRows: 200 };
    const first = details([], { withoutPilot });

    const told =
      'No pilot: the job has 5 rows to send, and its pilot would have 200. All are sent at once, without an approval.';
    expect(changes(undefined, first, START)).toContain(told);
    expect(changes(first, first, START)).toEqual([]);
  });

  test('are one line for all shards if there are many', () => {
    const before = details(Array.from({ length: 11 }, (_, n) => running(n, 1)));
    const later = details(Array.from({ length: 11 }, (_, n) => running(n, 2)));

    expect(changes(before, later, START + 30_000)).toEqual([
      'running · 22/110 rows · 0/11 shards · 30s · about 2m left · next poll in 15s',
    ]);
  });
});
