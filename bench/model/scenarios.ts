import type { Scenario } from './scale-model.ts';

const HOUR = 3_600;
export const DAY = 24 * HOUR;

/** 50,000 rows of 400 bytes each. */
const SHARD_BYTES = 20_000_000;

/** The default job: one shard, one round, and a batch that takes its whole window of a day. */
export const DEFAULTS: Scenario = {
  shards: 1,
  rounds: 1,
  windowSeconds: DAY,
  endsAfter: DAY,
  inFlight: 100,
  shardBytes: SHARD_BYTES,
};

/** The jobs of the table in `docs/costs-and-limits.md`. */
export const JOBS: readonly Scenario[] = [
  { ...DEFAULTS, endsAfter: HOUR / 6 },
  { ...DEFAULTS, endsAfter: HOUR },
  DEFAULTS,
  { ...DEFAULTS, rounds: 4 },
  { ...DEFAULTS, windowSeconds: 7 * DAY, endsAfter: 7 * DAY },
  { ...DEFAULTS, shards: 100, endsAfter: HOUR },
  { ...DEFAULTS, shards: 100 },
  { ...DEFAULTS, shards: 1_000, endsAfter: HOUR },
  { ...DEFAULTS, shards: 1_000, endsAfter: HOUR, inFlight: 1_000 },
  { ...DEFAULTS, shards: 1_000, inFlight: 1_000 },
  { ...DEFAULTS, shards: 1_000, rounds: 2, inFlight: 1_000 },
  { ...DEFAULTS, shards: 1_000 },
  { ...DEFAULTS, shards: 10_000, shardBytes: 2_000_000, inFlight: 1_000 },
  // 1 TB, a billion rows.
  { ...DEFAULTS, shards: 20_000, shardBytes: 50_000_000, inFlight: 10_000 },
  { ...DEFAULTS, shards: 80_000, inFlight: 10_000 },
];

/** Jobs that do not fit, each for a different reason. */
export const TOO_LARGE: readonly Scenario[] = [
  { ...DEFAULTS, shardBytes: 15_000_000_000 },
  { ...DEFAULTS, shards: 2_000 },
];

/** Lengths of batches along the chart's axis, by name. */
export const LENGTHS: Readonly<Record<string, number>> = {
  '10 min': HOUR / 6,
  '30 min': HOUR / 2,
  '1 h': HOUR,
  '3 h': 3 * HOUR,
  '6 h': 6 * HOUR,
  '12 h': 12 * HOUR,
  '24 h': DAY,
};
