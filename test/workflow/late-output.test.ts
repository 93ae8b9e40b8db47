import { expect, test } from 'vitest';
import { shardKey } from '../../src/checkpoints/keys.ts';
import type { LateOutput } from '../../simulator/faults.ts';
import { openWorld, prompts, type World } from './world.ts';
import { tableOf } from '../support/exhaustive.ts';

const KINDS: readonly LateOutput[] = ['no-id', 'not-found', 'empty', 'short', 'growing', 'foreign'];

const creates = ({ simulator }: World): number[] => [...simulator.createsPerKey().values()];

tableOf(KINDS, 3).describe('a batch that has ended and shows its output late (%s)', (shows) => {
  test('is read again until its files are complete, and is paid for once', async () => {
    const world = await openWorld({
      faults: [{ at: 'batch', action: { kind: 'late', shows, seconds: 240 } }],
    });

    const { summary, results } = await world.run(prompts(9, (n) => `echo:${n}`));

    expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 9 }, rounds: 1, open: [] });
    expect(results.map(({ ok }) => ok)).toEqual(Array.from({ length: 9 }, () => true));
    expect(summary.seconds).toBeGreaterThan(240);
    expect(creates(world)).toEqual([1]);
  });

  test('stops its shard if it stays incomplete, and a resume collects it when the files exist', async () => {
    const fault = { at: 'batch', action: { kind: 'late', shows, seconds: 86_400 } } as const;
    const world = await openWorld({ faults: [fault] });

    const stopped = await world.run(prompts(9, (n) => `echo:${n}`));
    const batch = world.simulator.batches()[0];
    const again = await world.run(prompts(9, (n) => `echo:${n}`));
    if (batch?.end !== undefined) batch.end = { ...batch.end, at: batch.end.at - 86_400_000 };
    const { summary } = await world.run(prompts(9, (n) => `echo:${n}`));

    for (const { summary: open, deadLetters } of [stopped, again]) {
      expect(open).toMatchObject({
        status: 'failed',
        failure: { code: expect.stringMatching(/^OUTPUT_(INCOMPLETE|UNRECOGNISED)$/) },
        open: [{ shard: 0, round: 1, batchId: batch?.id, files: { input: batch?.inputFileId } }],
        batches: [{ batchId: batch?.id }],
      });
      expect(open.failure?.message).toContain(batch?.id);
      expect(open.left).toContain(batch?.inputFileId);
      for (const letter of deadLetters) expect(letter['warning']).toContain(batch?.id);
    }
    expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 9 }, open: [] });
    expect(creates(world)).toEqual([1]);
    expect(world.simulator.files()).toEqual([]);
    expect(
      await world.store.stat(shardKey({ jobId: stopped.jobId, shard: 0 }, 'stopped.json')),
    ).toBeUndefined();
  });
});

test('rows that are in the counters but in no file are not sent again', async () => {
  const world = await openWorld({ faults: [{ at: 'row', every: 3, action: { kind: 'lose' } }] });

  const { summary } = await world.run(prompts(9));

  expect(summary).toMatchObject({ status: 'failed', counts: { ok: 6, exhausted: 3 }, rounds: 1 });
  expect(summary.open).toHaveLength(1);
  expect(creates(world)).toEqual([1]);
});

test('a batch with an hour of grace in its dialect is waited for as long', async () => {
  const world = await openWorld({
    faults: [{ at: 'batch', action: { kind: 'late', shows: 'no-id', seconds: 3_500 } }],
    config: {
      dialects: { slow: { like: 'melious', files: { lateSeconds: 3_600 } } },
      providers: { slow: { dialect: 'slow', baseUrl: 'http://127.0.0.1:9/v1' } },
      profiles: { default: { provider: 'slow', model: 'glm-4.7:batch' } },
    },
  });

  const { summary } = await world.run(prompts(2));

  expect(summary).toMatchObject({ status: 'succeeded', rounds: 1 });
  expect(creates(world)).toEqual([1]);
});
