import { describe, expect, test } from 'vitest';
import type { Fault } from '../../simulator/faults.ts';
import { openWorld, type World } from './world.ts';
import { EXHAUSTIVE, tableOf } from '../support/exhaustive.ts';

const IDS = Array.from({ length: 50 }, (_, n) => `r${n}`);
const INPUT = IDS.map((custom_id) => `${JSON.stringify({ custom_id, prompt: `echo:${custom_id}` })}\n`).join(
  '',
);

const poisoned = (ids: readonly string[], message: string, code = 'validation_error'): Fault => ({
  at: 'row',
  ids,
  action: { kind: 'poison', code, message },
  times: 'always',
});

const paid = ({ simulator }: World): number[] => [...simulator.answersPerRow().values()];

describe('rows that make a provider fail their file without being named', () => {
  tableOf(
    [
      ['the first', ['r0']],
      ['one in the middle', ['r31']],
      ['the last', ['r49']],
      ['two', ['r7', 'r40']],
      ['two neighbours', ['r24', 'r25']],
      ['three at the front', ['r0', 'r1', 'r2']],
    ],
    2,
  ).test(
    'are found (%s): they fail with its message, and all others are answered once',
    async (_, guilty) => {
      const world = await openWorld({
        faults: [poisoned(guilty, 'The batch has an image that is too small.')],
      });

      const { summary, results } = await world.run(INPUT, { rounds: 2 });

      expect(results.filter(({ ok }) => !ok)).toMatchObject(
        guilty.map((custom_id) => ({
          custom_id,
          outcome: 'failed',
          error: { code: 'validation_error', message: 'The batch has an image that is too small.' },
        })),
      );
      expect(summary).toMatchObject({ status: 'partial', counts: { ok: 50 - guilty.length } });
      expect(paid(world)).toEqual(Array.from({ length: 50 - guilty.length }, () => 1));
      expect(world.simulator.batches().length).toBeLessThanOrEqual(2 + 8 * guilty.length);
      expect(summary.left ?? []).toEqual([]);
    },
  );

  test('are all rows: each fails with the message, and the search ends', EXHAUSTIVE, async () => {
    const world = await openWorld({ faults: [poisoned(IDS, 'Nothing in here can be used.')] });

    const { summary, results } = await world.run(INPUT, { rounds: 2 });

    expect(summary).toMatchObject({ counts: { ok: 0 } });
    expect(new Set(results.map((line) => !line.ok && line.error.message))).toEqual(
      new Set(['Nothing in here can be used.']),
    );
    expect(paid(world)).toEqual([]);
    expect(world.simulator.batches().length).toBeLessThanOrEqual(64);
  });

  test('are searched for in parts of a file that the provider accepts', async () => {
    const world = await openWorld({
      maxFileBytes: 4_000,
      faults: [poisoned(['r20'], 'Something is wrong.')],
    });

    const { results } = await world.run(INPUT, { rounds: 2 });

    expect(results.flatMap(({ ok, custom_id }) => (ok ? [] : [custom_id]))).toEqual(['r20']);
    expect(Math.max(...paid(world))).toBe(1);
  });
});

describe('a failed file that names a row in its text', () => {
  tableOf(
    [
      ['Line {line}: Invalid JSON'],
      ['line {line} is not valid'],
      ['Invalid request at line {line} column 2'],
      ['row {line}: content must be a string'],
      ['lines[{index}].body.messages is required'],
      ['requests.{index}.body: Field required'],
      ['request {line} is invalid'],
      ["Request with custom_id '{id}' was refused"],
      ['custom_id={id}: a field is missing'],
      ['Invalid item at index {index}'],
    ],
    2,
  ).test('fails that row only, and sends the others (%s)', async (message) => {
    const world = await openWorld({ faults: [poisoned(['r31'], message)] });

    const { summary, results } = await world.run(INPUT);

    expect(results.flatMap((line) => (line.ok ? [] : [[line.custom_id, line.outcome]]))).toEqual([
      ['r31', 'failed'],
    ]);
    expect(summary).toMatchObject({ rounds: 2, counts: { ok: 49 } });
    expect(Math.max(...paid(world))).toBe(1);
  });

  test('sends the row again if its error is temporary', async () => {
    const faults: Fault[] = ['429 Too Many Requests', '503', 'request timed out'].map((said, n) => ({
      at: 'row',
      ids: [`r${10 + n}`],
      action: { kind: 'poison', code: 'inference_failed', message: `Line {line}: ${said}` },
      times: 1,
    }));
    const world = await openWorld({ faults });

    const { summary } = await world.run(INPUT);

    expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 50 }, rounds: 2 });
  });
});

test('a failure that every file would have is not searched for in rows', async () => {
  const action = { kind: 'fail', code: 'model_not_found', message: 'The model does not exist.' } as const;
  const world = await openWorld({ faults: [{ at: 'batch', action, times: 'always' }] });

  const { results } = await world.run(INPUT, { rounds: 2 });

  expect(world.simulator.batches()).toHaveLength(2);
  expect(results.every((line) => !line.ok && line.error.code === 'model_not_found')).toBe(true);
});

describe('a file that is rejected when its batch is created', () => {
  const refused = (message: string, times: number): Fault => ({
    at: 'create',
    action: { kind: 'status', status: 400, message },
    times,
  });

  test('for a line fails that row, and sends the others', async () => {
    const world = await openWorld({ faults: [refused('Line 3: Invalid JSON', 1)] });

    const { summary, results } = await world.run(INPUT);

    expect(results.flatMap(({ ok, custom_id }) => (ok ? [] : [custom_id]))).toEqual(['r2']);
    expect(summary).toMatchObject({ counts: { ok: 49, failed: 1 } });
  });

  test('for its content is halved', async () => {
    const world = await openWorld({ faults: [refused('The file has lines that are no valid JSON.', 3)] });

    const { summary } = await world.run(INPUT, { rounds: 1 });

    expect(summary).toMatchObject({ status: 'succeeded', counts: { ok: 50 } });
    expect(Math.max(...paid(world))).toBe(1);
  });

  test('for anything else fails its rows', async () => {
    const world = await openWorld({ faults: [refused('This endpoint has no batches.', 1)] });

    const { summary } = await world.run(INPUT);

    expect(summary).toMatchObject({ counts: { ok: 0, failed: 50 } });
  });
});
