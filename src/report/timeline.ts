import type { BatchRecord } from '../checkpoints/round/collected.ts';

/** The times at which batches ran, as fractions of the time from the job's start to its end or to now. */
export interface Timeline {
  /** Length of the timeline. */
  readonly seconds: number;
  readonly ticks: readonly Tick[];
  /** One lane per shard, if there are few. */
  readonly lanes: readonly Lane[];
  /** If there are many shards: number of batches running at the same time, in equal parts of the timeline. */
  readonly columns: readonly Column[];
  /** The highest number of batches in one column. */
  readonly highest: number;
}

export interface Tick {
  readonly at: number;
  readonly seconds: number;
}

export interface Lane {
  readonly shard: number;
  readonly bars: readonly Bar[];
}

export interface Bar {
  readonly from: number;
  readonly to: number;
  readonly round: number;
  readonly seconds: number;
  readonly requests: number | undefined;
  /** The provider's status; absent while the batch runs. */
  readonly status: string | undefined;
}

/** Number of batches by round: first, second, third and later. */
export type Column = readonly [number, number, number];

/** A batch on the timeline. A batch without a duration is still running. */
export interface TimedBatch extends Pick<
  BatchRecord,
  'shard' | 'round' | 'status' | 'createdAt' | 'seconds'
> {
  /** Known once the batch is collected. */
  readonly requests: number | undefined;
}

const MAX_LANES = 24;
const COLUMNS = 60;

/**
 * Draws the batches of a job over its time.
 * @param from the job's start, ISO 8601
 * @param to its end, or now
 */
export function drawTimeline(batches: readonly TimedBatch[], from: string, to: string): Timeline {
  const start = Date.parse(from);
  const spans = batches.flatMap((batch) => spanOf(batch, start, (Date.parse(to) - start) / 1_000));
  const seconds = spans.reduce(
    (last, span) => Math.max(last, span.end),
    Math.max(1, (Date.parse(to) - start) / 1_000),
  );
  const shards = new Set(spans.map(({ batch }) => batch.shard));
  const isFew = shards.size <= MAX_LANES;
  const columns = isFew ? [] : columnsOf(spans, seconds);
  return {
    seconds,
    ticks: ticksOf(seconds),
    lanes: isFew ? lanesOf(spans, seconds) : [],
    columns,
    highest: Math.max(0, ...columns.map((rounds) => sum(rounds))),
  };
}

interface Span {
  readonly batch: TimedBatch;
  /** Seconds since the job's start. */
  readonly begin: number;
  readonly end: number;
}

function spanOf(batch: TimedBatch, start: number, now: number): Span[] {
  if (batch.createdAt === undefined) return [];
  // The provider's clock may be behind ours.
  const begin = Math.max(0, (Date.parse(batch.createdAt) - start) / 1_000);
  return [{ batch, begin, end: batch.seconds === undefined ? Math.max(begin, now) : begin + batch.seconds }];
}

function lanesOf(spans: readonly Span[], seconds: number): Lane[] {
  const byShard = Map.groupBy(spans, ({ batch }) => batch.shard);
  return [...byShard]
    .toSorted(([a], [b]) => a - b)
    .map(([shard, ofShard]) => ({
      shard,
      bars: ofShard.map(({ batch, begin, end }) => ({
        from: begin / seconds,
        to: end / seconds,
        round: batch.round,
        seconds: end - begin,
        requests: batch.requests,
        status: batch.seconds === undefined ? undefined : (batch.status ?? 'unknown'),
      })),
    }));
}

/** Counts each batch in every column that it touches: adds it at its beginning and subtracts it after its end. */
function columnsOf(spans: readonly Span[], seconds: number): Column[] {
  const changes = Array.from({ length: COLUMNS + 1 }, (): [number, number, number] => [0, 0, 0]);
  const columnAt = (time: number): number => Math.min(COLUMNS - 1, Math.floor((time / seconds) * COLUMNS));
  for (const { batch, begin, end } of spans) {
    const round = Math.min(batch.round, 3) - 1;
    change(changes[columnAt(begin)], round, 1);
    change(changes[columnAt(end) + 1], round, -1);
  }
  const running: [number, number, number] = [0, 0, 0];
  return changes.slice(0, COLUMNS).map((each) => {
    for (const [round, by] of each.entries()) change(running, round, by);
    return [...running];
  });
}

function change(rounds: number[] | undefined, round: number, by: number): void {
  if (rounds !== undefined) rounds[round] = (rounds[round] ?? 0) + by;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

const STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400,
];
const MAX_TICKS = 5;

/** Three to five round points in time. */
function ticksOf(seconds: number): Tick[] {
  const days = Math.ceil(seconds / MAX_TICKS / 86_400);
  const step = STEPS.find((each) => seconds / each <= MAX_TICKS) ?? days * 86_400;
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, n) => ({
    seconds: n * step,
    at: (n * step) / seconds,
  }));
}
