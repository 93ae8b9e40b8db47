import { SLICED_BUILD } from './step-seconds.ts';

/** History events per state, by state type; an execution itself adds 2. */
const EVENTS = { task: 5, wait: 2, choice: 2, succeed: 2, map: 6 } as const;
const EVENTS_OF_EXECUTION = 2;

type Counts = Readonly<Partial<Record<keyof typeof EVENTS, number>>>;

/** States that each part of a job enters. A test compares them with a run of the synthesized definition. */
const STATES = {
  /** Build, *All built?*, the map, *Only the pilot?*, Write, *All written?*, Announce, *Job ok?*, *Job succeeded*. */
  job: { task: 3, map: 1, choice: 4, succeed: 1 },
  /** In addition, for a job that is built in slices: Build and *All built?* twice more, and the map of slices twice. */
  slicedJob: { task: 2, map: 2, choice: 2 },
  /** Build slice, *Slice built?*, *Slice done*: for each time that a slice is read. */
  slice: { task: 1, choice: 1, succeed: 1 },
  /** *Shard done*. */
  shard: { succeed: 1 },
  /** Upload, *Row by row?*, Create, Collect, *Rows to retry?*. */
  round: { task: 3, choice: 2 },
  /** Upload, *Row by row?*, Send direct, *All sent?*, Collect, *Rows to retry?*. */
  directRound: { task: 3, choice: 3 },
  /** *Wait before retry*: every round but a shard's first. */
  retry: { wait: 1 },
  /** Wait, Poll, *Batch ended?*. */
  poll: { wait: 1, task: 1, choice: 1 },
} as const satisfies Record<string, Counts>;

/** State transitions, which Step Functions bills, and history events, which it limits and logs. */
export interface StateCount {
  readonly transitions: number;
  readonly events: number;
}

/** Counts the states of the job's own execution and, if it is built in slices, of the executions of its slices. */
export function statesOfJob(slices: number): { readonly job: StateCount; readonly slices: StateCount } {
  const isSliced = slices > 0 ? 1 : 0;
  const readings = slices * SLICED_BUILD.readings;
  const job = (count: (states: Counts) => number): number =>
    count(STATES.job) + isSliced * count(STATES.slicedJob);
  return {
    job: { transitions: job(transitionsOf), events: EVENTS_OF_EXECUTION + job(eventsOf) },
    slices: {
      transitions: readings * transitionsOf(STATES.slice),
      events: readings * (EVENTS_OF_EXECUTION + eventsOf(STATES.slice)),
    },
  };
}

/** A shard in all its rounds. */
export interface ShardTurns {
  readonly rounds: number;
  readonly polls: number;
  /** Rows that are sent direct; 0 if the shard has a batch. */
  readonly directRows: number;
}

/** Counts the states of the execution of one shard. */
export function statesOfShard({ rounds, polls, directRows }: ShardTurns): StateCount {
  const total = (count: (states: Counts) => number): number =>
    count(STATES.shard) +
    rounds * count(directRows > 0 ? STATES.directRound : STATES.round) +
    (rounds - 1) * count(STATES.retry) +
    polls * count(STATES.poll);
  return { transitions: total(transitionsOf), events: EVENTS_OF_EXECUTION + total(eventsOf) };
}

function transitionsOf(states: Counts): number {
  return Object.values(states).reduce((total, n) => total + n, 0);
}

function eventsOf(states: Counts): number {
  return Object.entries(states).reduce((total, [type, n]) => total + n * EVENTS[type as keyof Counts], 0);
}
