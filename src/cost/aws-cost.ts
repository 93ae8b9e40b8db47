import { PRICES } from './aws-prices.ts';
import { statesOfJob, statesOfShard } from './state-counts.ts';
import { DIRECT_ROW_SECONDS, SECONDS, SLICED_BUILD, slicesOf, type CostedStep } from './step-seconds.ts';

/**
 * The cost of a job on AWS, from list prices and from counts of what its machine does. It is pure and independent of the
 * machine's code: it uses only the counts below and in `state-counts.ts`, which a test compares with a run of the synthesized
 * definition.
 */

const GB = 2 ** 30;
const DAYS_OF_MONTH = 30;

/** S3 requests: writes and lists, and reads. Counted for objects of one part. */
const REQUESTS = {
  job: { writes: 8, reads: 18 },
  /** In addition for a job that is built in slices: once, and for each slice. */
  slicedJob: { writes: 9, reads: 10 },
  slice: { writes: 3, reads: 14 },
  /** A shard of one round. */
  shard: { writes: 16, reads: 28 },
  directShard: { writes: 11, reads: 30 },
  /** Each round after the first. */
  laterRound: { writes: 14, reads: 32 },
  /** One write for the answer, and one read of `stop.json` before the call. */
  directRow: { writes: 1, reads: 1 },
  poll: { writes: 1, reads: 1 },
} as const;

/** Bytes of log: a history event without its data, and a function call with its own lines and metrics. */
const LOG_BYTES = { event: 1_150, call: 2_500 } as const;

/**
 * Steps that call the provider. A secret is cached for five minutes and polls are further apart, so every call reads the secret.
 */
const READ_SECRET: readonly CostedStep[] = [
  'upload-file',
  'create-batch',
  'send-direct',
  'poll-batch',
  'collect-results',
];

/**
 * Copies of a shard's data in the bucket, in units of its request lines; answers are assumed to be as large. While the batch
 * runs: the requests. From the end of the batch to the end of the job: the provider's file, the round's results and the shard's
 * results. All of them are deleted at the job's end, and their old versions a day later.
 */
const COPIES = { whileItRuns: 1, afterIt: 3 } as const;
const OLD_VERSION_DAYS = 1;

/** Large objects are written in parts of this size. */
const PART_BYTES = 8_388_608;

/** Shards of equal size and duration. */
export interface ShardGroup {
  readonly shards: number;
  /** Request lines of one shard. */
  readonly bytes: number;
  /** Rounds of one shard; later rounds are assumed to be as large as the first. Default: 1. */
  readonly rounds?: number;
  /** Polls of one shard in all its rounds. */
  readonly polls: number;
  /** Rows of one shard that are sent direct. Default: 0. */
  readonly directRows?: number;
  /** How long the requests are in the bucket before the job ends, in seconds. Default: 0. */
  readonly seconds?: number;
}

export interface CostedJob {
  readonly groups: readonly ShardGroup[];
  /** Number of slices that the job is built in. Default: depends on its bytes. */
  readonly slices?: number | undefined;
  /** Lambda memory of each step, in MiB. */
  readonly memoryMib: Readonly<Record<CostedStep, number>>;
}

/** Use of AWS by a job, and its cost in USD. */
export interface AwsCost {
  readonly transitions: number;
  /** History events of the job's own execution, and of the largest shard's. Step Functions ends an execution at 25,000. */
  readonly events: { readonly job: number; readonly shard: number };
  readonly lambdaCalls: number;
  readonly lambdaGbSeconds: number;
  readonly s3Writes: number;
  readonly s3Reads: number;
  readonly usd: {
    readonly stepFunctions: number;
    readonly lambda: number;
    /** Requests. */
    readonly s3: number;
    /** Storage of the objects that are deleted at the job's end. */
    readonly storage: number;
    /** Request lines that are sent to the provider. */
    readonly egress: number;
    readonly logs: number;
    /** S3 event notifications, and reads of the secret. */
    readonly events: number;
    readonly total: number;
  };
  /** Monthly storage of the results until somebody deletes them. */
  readonly resultsUsdPerMonth: number;
}

/** Estimates the cost of a job. Excludes retries of steps, traces, custom metrics, and the provider's price. */
export function estimateAwsCost({
  groups,
  memoryMib,
  slices = slicesOf(bytesOf(groups)),
}: CostedJob): AwsCost {
  const of = (perGroup: (group: Required<ShardGroup>) => number): number =>
    groups.reduce((sum, group) => sum + group.shards * perGroup({ ...ONE_ROUND, ...group }), 0);
  const states = statesOfJob(slices);
  const transitions =
    states.job.transitions + states.slices.transitions + of((group) => statesOfShard(group).transitions);
  const calls = callsOf(groups, slices);
  const seconds = (step: CostedStep): number =>
    calls[step].calls * SECONDS[step].fixed +
    calls[step].bytes * SECONDS[step].perByte +
    (step === 'send-direct' ? of(({ directRows }) => directRows) * DIRECT_ROW_SECONDS : 0);
  const steps = Object.keys(SECONDS) as CostedStep[];
  const lambdaGbSeconds = steps.reduce((gb, step) => gb + (seconds(step) * memoryMib[step]) / 1_024, 0);
  const lambdaCalls = steps.reduce((n, step) => n + calls[step].calls, 0);
  const s3 = (kind: 'writes' | 'reads'): number =>
    REQUESTS.job[kind] +
    (slices > 0 ? REQUESTS.slicedJob[kind] + slices * REQUESTS.slice[kind] : 0) +
    of(
      ({ rounds, polls, bytes, directRows }) =>
        REQUESTS[directRows > 0 ? 'directShard' : 'shard'][kind] +
        (rounds - 1) * REQUESTS.laterRound[kind] +
        (kind === 'writes' ? rounds * partsOf(bytes) : 0) +
        polls * REQUESTS.poll[kind] +
        directRows * REQUESTS.directRow[kind],
    );
  const [s3Writes, s3Reads] = [s3('writes'), s3('reads')];
  const events = states.job.events + states.slices.events + of((group) => statesOfShard(group).events);
  const secretReads = READ_SECRET.reduce((sum, step) => sum + calls[step].calls, 0);
  const usd = {
    stepFunctions: transitions * PRICES.stateTransition,
    lambda: lambdaGbSeconds * PRICES.lambdaGbSecond + lambdaCalls * PRICES.lambdaRequest,
    s3: s3Writes * PRICES.s3Write + s3Reads * PRICES.s3Read,
    storage: (of(gigabyteDays) / DAYS_OF_MONTH) * PRICES.s3GbMonth,
    egress: (calls['upload-file'].bytes / GB) * PRICES.egressGb,
    logs: ((events * LOG_BYTES.event + lambdaCalls * LOG_BYTES.call) / GB) * PRICES.logGb,
    events: s3Writes * PRICES.bucketEvent + secretReads * PRICES.secretRead,
  };
  return {
    transitions,
    events: {
      job: states.job.events,
      shard: Math.max(0, ...groups.map((group) => statesOfShard({ ...ONE_ROUND, ...group }).events)),
    },
    lambdaCalls,
    lambdaGbSeconds,
    s3Writes,
    s3Reads,
    usd: { ...usd, total: Object.values(usd).reduce((total, part) => total + part, 0) },
    resultsUsdPerMonth: (of(({ bytes }) => bytes) / GB) * PRICES.s3GbMonth,
  };
}

const ONE_ROUND = { rounds: 1, directRows: 0, seconds: 0 } as const;

const DAY_SECONDS = 86_400;

/** Storage, in gigabyte-days, of one shard's objects that are deleted at the job's end. */
function gigabyteDays({ bytes, seconds }: Required<ShardGroup>): number {
  const whileItRuns = COPIES.whileItRuns * (seconds / DAY_SECONDS + OLD_VERSION_DAYS);
  return (bytes / GB) * (whileItRuns + COPIES.afterIt * OLD_VERSION_DAYS);
}

function bytesOf(groups: readonly ShardGroup[]): number {
  return groups.reduce((total, { shards, bytes }) => total + shards * bytes, 0);
}

/** Calls of each step, and the bytes of request lines that they process. */
function callsOf(
  groups: readonly ShardGroup[],
  slices: number,
): Readonly<Record<CostedStep, { readonly calls: number; readonly bytes: number }>> {
  const total = (count: (group: ShardGroup) => number): number =>
    groups.reduce((sum, group) => sum + group.shards * count(group), 0);
  const rounds = total(({ rounds = 1 }) => rounds);
  const direct = total(({ directRows = 0 }) => (directRows > 0 ? 1 : 0));
  const bytes = bytesOf(groups);
  const { readings, ofNotes } = SLICED_BUILD;
  const moved = total((group) => group.bytes * (group.rounds ?? 1));
  return {
    'build-requests': slices > 0 ? { calls: 3, bytes: ofNotes * bytes } : { calls: 1, bytes },
    'build-slice': { calls: readings * slices, bytes: slices > 0 ? readings * bytes : 0 },
    'upload-file': { calls: rounds, bytes: moved },
    'create-batch': { calls: rounds - direct, bytes: 0 },
    'send-direct': { calls: direct, bytes: 0 },
    'poll-batch': { calls: total(({ polls }) => polls), bytes: 0 },
    'collect-results': { calls: rounds, bytes: moved },
    'write-results': { calls: 1, bytes },
    'announce-job': { calls: 1, bytes: 0 },
  };
}

/**
 * Write requests for the parts of a shard's rows, which Build, Collect and Write each write once. An object of one part is a
 * single request, which is counted elsewhere.
 */
function partsOf(bytes: number): number {
  const parts = Math.ceil(bytes / PART_BYTES);
  return parts <= 1 ? 0 : 3 * (parts + 1);
}
