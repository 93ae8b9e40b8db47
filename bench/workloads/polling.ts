import { estimateScale, POLLING } from '../model/scale-model.ts';
import type { Workload } from '../bench.ts';
import type { Fact, Verdict } from '../report.ts';
import { pollTimes } from '../../cli/poll-schedule.ts';

const HOUR = 3_600;
const DAY = 24 * HOUR;
const WINDOWS: Readonly<Record<string, number>> = {
  '10 min': 600,
  '1 h': HOUR,
  '6 h': 6 * HOUR,
  '24 h': DAY,
  '48 h': 2 * DAY,
  '7 d': 7 * DAY,
};
const SHARDS = [1, 10, 100, 1_000, 10_000];
const MAX_EVENTS = 25_000;

/** Measures with a simulated clock how often batches are polled, and how late their end is noticed. */
export const polling: Workload = async () => {
  const day = walkDay();
  const most = Math.max(...Object.values(WINDOWS).map((windowSeconds) => eventsOf(windowSeconds)));
  const verdicts: Verdict[] = [
    {
      target: 'at most 150 polls a shard in 24 h',
      reached: String(day.mostPolls),
      met: day.mostPolls <= 150,
    },
    {
      target: 'mean delay at most 1 % of the batch when progress is linear',
      reached: `${(100 * day.linearShare).toFixed(2)} %`,
      met: day.linearShare <= 0.01,
    },
    {
      target: 'never later than 15 min in a window of 24 h',
      reached: `${day.latest} s`,
      met: day.latest <= 900,
    },
    {
      target: 'less than 25,000 events in 4 rounds',
      reached: most.toLocaleString('en'),
      met: most < MAX_EVENTS,
    },
  ];
  const facts = Object.keys(WINDOWS).flatMap((window) => SHARDS.map((shards) => describe(window, shards)));
  return {
    name: 'polling',
    title: 'Poll cost and delay',
    size: 'windows of 10 min to 7 d, 1 to 10,000 shards',
    contestants: [],
    comparisons: [],
    verdicts,
    facts,
    notes: [
      'Polls follow the schedule of the poll Lambda without jitter. Prices are those of `src/cost/aws-prices.ts`.',
    ],
  };
};

/** Simulates batches of every duration within a day, in steps of a quarter of an hour, with and without counters. */
function walkDay(): { mostPolls: number; linearShare: number; latest: number } {
  const lengths = Array.from({ length: 95 }, (_, n) => (n + 1) * 907);
  const walk = (endsAfter: number, progress?: () => undefined): { polls: number; delay: number } => {
    const batch = { limits: POLLING, windowSeconds: DAY, endsAfter };
    const times = pollTimes(progress === undefined ? batch : { ...batch, progress });
    return { polls: times.length, delay: (times.at(-1) ?? 0) - endsAfter };
  };
  const linear = lengths.map((length) => ({ length, ...walk(length) }));
  const blind = [...lengths, DAY].map((length) => walk(length, () => undefined));
  return {
    mostPolls: Math.max(...[...linear, ...blind].map(({ polls }) => polls)),
    linearShare: linear.reduce((sum, { length, delay }) => sum + delay / length, 0) / linear.length,
    latest: Math.max(...[...linear, ...blind].map(({ delay }) => delay)),
  };
}

/** History events of a shard whose four batches take their whole window, without counters. */
function eventsOf(windowSeconds: number): number {
  const scenario = {
    shards: 1,
    rounds: 4,
    windowSeconds,
    endsAfter: windowSeconds,
    inFlight: 1,
    shardBytes: 0,
  };
  return estimateScale({ ...scenario, counters: false }).shardEvents;
}

function describe(window: string, shards: number): Fact {
  const windowSeconds = WINDOWS[window] ?? DAY;
  const scenario = {
    shards,
    rounds: 1,
    windowSeconds,
    endsAfter: windowSeconds,
    inFlight: 100,
    shardBytes: 1e6,
  };
  const { pollsPerShard, usd } = estimateScale(scenario);
  const cost = `$${(usd / shards).toFixed(4)} a shard`;
  return {
    name: `${window}, ${shards.toLocaleString('en')} shards`,
    value: `${pollsPerShard} polls, ${cost}`,
  };
}
