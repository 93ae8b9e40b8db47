import { describe, expect, test } from 'vitest';
import type { Fault, FileAction } from '../../simulator/faults.ts';
import { openTrial, violations, type Trial } from './trial.ts';

const IDS = ['a', 'b', 'c', 'd'];
const INPUT = IDS.map((id) => `${JSON.stringify({ custom_id: id, prompt: `echo:${id}` })}\n`).join('');

const uploads = ({ simulator }: Trial): number =>
  simulator.requests().filter(({ method, path }) => method === 'POST' && path === '/v1/files').length;

const openJob = (...faults: readonly Fault[]): Promise<Trial> =>
  openTrial({ input: INPUT, faults: [...faults], profile: { rounds: 1 } });

const cut = (bytes: number): FileAction => ({ kind: 'cut', bytes });

describe('the size that a provider reports of an uploaded file', () => {
  test('is that of a cut file: the file is uploaded once more before its batch is created', async () => {
    await using trial = await openJob({ at: 'file', action: cut(100) });

    await trial.run();

    expect(uploads(trial)).toBe(2);
    expect((await trial.end()).summary).toMatchObject({ status: 'succeeded', counts: { ok: 4 } });
    expect(await trial.allText()).toMatch(/"file_uploaded_again".*"reported":100,"again":\d{3}/);
    expect(await violations(trial, IDS)).toEqual([]);
  });

  test('is different each time and too small: no batch is created of any of these files', async () => {
    await using trial = await openJob(
      { at: 'file', action: cut(100) },
      { at: 'file', action: cut(200) },
      { at: 'file', action: cut(150) },
    );

    await trial.run();

    expect(uploads(trial)).toBe(4);
    expect(trial.simulator.batches()).toHaveLength(1);
    expect((await trial.end()).summary).toMatchObject({ status: 'succeeded', counts: { ok: 4 } });
    expect(await violations(trial, IDS)).toEqual([]);
  });

  test.each([
    ['smaller than what was sent, as the provider counts in its own way', 100, 2],
    ['0, which some providers report for every file', 0, 1],
    ['larger than what was sent', 1_000_000, 1],
  ])('is %s: the job succeeds', async (_, bytes, times) => {
    await using trial = await openJob({ at: 'file', action: { kind: 'size', bytes }, times: 'always' });

    await trial.run();

    expect(uploads(trial)).toBe(times);
    expect((await trial.end()).summary).toMatchObject({ status: 'succeeded', counts: { ok: 4 } });
    expect(await violations(trial, IDS)).toEqual([]);
  });
});

describe('the number of requests that a provider reports of a batch', () => {
  test.each([
    ['fewer', { total: 2, completed: 2, failed: 0 }],
    ['more', { total: 9, completed: 9, failed: 0 }],
    ['none', { total: 0, completed: 0, failed: 0 }],
  ])('is no evidence if it is %s than were sent: each row has its answer', async (_, counts) => {
    await using trial = await openJob({ at: 'batch', action: { kind: 'counts', counts } });

    await trial.run();

    expect((await trial.end()).summary).toMatchObject({ status: 'succeeded', counts: { ok: 4 }, rounds: 1 });
    expect(await violations(trial, IDS)).toEqual([]);
  });
});
