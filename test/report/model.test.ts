import { describe, expect, test } from 'vitest';
import { measureLatency } from '../../src/report/latency.ts';
import { counted } from '../../src/text/counted.ts';
import { drawTimeline, type TimedBatch } from '../../src/report/timeline.ts';

const FROM = '2026-11-01T22:00:00.000Z';
const at = (seconds: number): string => new Date(Date.parse(FROM) + seconds * 1_000).toISOString();

function batch(shard: number, round: number, begin: number, seconds: number | undefined): TimedBatch {
  return { shard, round, requests: 10, status: 'succeeded', createdAt: at(begin), seconds };
}

describe('the timeline', () => {
  test('has a lane per shard with a bar per round, as fractions of the whole', () => {
    const timeline = drawTimeline(
      [batch(1, 1, 0, 50), batch(0, 1, 10, 40), batch(0, 2, 60, 40)],
      FROM,
      at(100),
    );

    expect(timeline).toMatchObject({
      seconds: 100,
      lanes: [
        {
          shard: 0,
          bars: [
            { from: 0.1, to: 0.5, round: 1 },
            { from: 0.6, to: 1, round: 2 },
          ],
        },
        { shard: 1, bars: [{ from: 0, to: 0.5, round: 1 }] },
      ],
      columns: [],
    });
    expect(timeline.ticks.map(({ seconds }) => seconds)).toEqual([0, 30, 60, 90]);
  });

  test('draws a batch that runs up to now, and leaves out one that was never created', () => {
    const refused = { ...batch(1, 1, 0, undefined), createdAt: undefined };

    const { lanes } = drawTimeline([batch(0, 1, 20, undefined), refused], FROM, at(80));

    expect(lanes).toMatchObject([{ shard: 0, bars: [{ from: 0.25, to: 1, status: undefined }] }]);
  });

  test('can show a provider whose clock is behind or ahead', () => {
    const { lanes, seconds } = drawTimeline([batch(0, 1, -30, 10), batch(1, 1, 90, 30)], FROM, at(100));

    expect(seconds).toBe(120);
    expect(lanes[0]?.bars[0]).toMatchObject({ from: 0 });
    expect(lanes[1]?.bars[0]).toMatchObject({ from: 0.75, to: 1 });
  });

  test('counts batches by time and round when there are many shards', () => {
    const rounds = Array.from({ length: 2_000 }, (_, n) => [batch(n, 1, 0, 29), batch(n, 4, 31, 29)]).flat();

    const { lanes, columns, highest } = drawTimeline(rounds, FROM, at(60));

    expect(lanes).toEqual([]);
    expect(columns).toHaveLength(60);
    expect(columns[0]).toEqual([2_000, 0, 0]);
    expect(columns[30]).toEqual([0, 0, 0]);
    expect(columns[59]).toEqual([0, 0, 2_000]);
    expect(highest).toBe(2_000);
  });

  test.each([
    [1, [0, 1]],
    [47, [0, 10, 20, 30, 40]],
    [3_600, [0, 900, 1_800, 2_700, 3_600]],
    [86_400 * 14, [0, 3, 6, 9, 12].map((days) => days * 86_400)],
  ])('has round numbers on its time axis: %i s', (seconds, ticks) => {
    expect(drawTimeline([], FROM, at(seconds)).ticks.map((tick) => tick.seconds)).toEqual(ticks);
  });
});

describe('the latency of batches', () => {
  test('is described by median, 90th percentile, minimum and maximum', () => {
    const seconds = Array.from({ length: 100 }, (_, n) => 100 - n);

    expect(measureLatency(seconds)).toMatchObject({
      batches: 100,
      shortest: 1,
      median: 50,
      ninth: 90,
      longest: 100,
    });
  });

  test.each([[[0]], [[0.4, 12]], [[86_400 * 30, 5]], [[59, 60, 61]]])(
    'has every batch in one bin: %j',
    (seconds) => {
      const { bins = [], longest = 0 } = measureLatency(seconds) ?? {};

      expect(bins.reduce((sum, bin) => sum + bin.batches, 0)).toBe(seconds.length);
      expect(bins.length).toBeLessThanOrEqual(12);
      expect(bins.at(-1)?.upTo).toBeGreaterThanOrEqual(longest);
    },
  );

  test('is left out without batches', () => {
    expect(measureLatency([])).toBeUndefined();
  });
});

test('counted words have the right plural', () => {
  expect([counted(1, 'batch'), counted(2, 'batch'), counted(1_000, 'row')]).toEqual([
    '1 batch',
    '2 batches',
    '1,000 rows',
  ]);
});
