import {
  DEPLOYED_CONFIG_KEY,
  INDEX_PREFIX,
  INPUT_PREFIX,
  OUTPUT_PREFIX,
  REUSE_PREFIX,
  STAGED_PREFIX,
  type RoundFile,
} from '../src/checkpoints/keys.ts';

/** The needs of one step. Key patterns are those of the bucket's layout (`src/checkpoints/keys.ts`). */
export interface StepNeeds {
  /** Lambda memory. 1,769 MiB is one vCPU; steps that only wait for an answer make do with 256. */
  readonly memoryMib: number;
  readonly timeoutMinutes: number;
  /** Scratch space in /tmp; Lambda gives 512 MiB by itself. */
  readonly scratchGib?: number;
  /** Talks to the provider, so it may read its key. */
  readonly provider?: true;
  /** Has the configuration beside its code. */
  readonly knowsConfig?: true;
  /** Is a door: it may start executions, and see how they are. */
  readonly startsJobs?: true;
  /** May also stop executions. */
  readonly stopsJobs?: true;
  /** Tells others how a job ended: by an event, and by the webhook where one is configured. */
  readonly announces?: true;
  /** Reads objects. */
  readonly reads?: readonly string[];
  /** Reads the very version that was dropped. */
  readonly readsVersions?: readonly string[];
  /** Writes small objects as a whole. */
  readonly puts?: readonly string[];
  /** Writes large objects in parts, and drops them when it fails. */
  readonly streams?: readonly string[];
  readonly deletes?: readonly string[];
}

const INPUTS = `${INPUT_PREFIX}*`;
/** Who has room at a provider with a limit; SLOTS: the same of earlier versions. */
const ROOM = 'room/*.json';
const SLOTS = 'slots/*';
const STAGED = `${STAGED_PREFIX}*`;
const OUTPUTS = `${OUTPUT_PREFIX}*`;
const INDEX = `${INDEX_PREFIX}*`;
/** Which jobs have answers that later jobs may reuse. */
const REUSE = `${REUSE_PREFIX}*`;
const MERGED_INDEXES = `${REUSE_PREFIX}*/merged-*`;
const CLAIMS = 'claims/*';
const CANDIDATES = 'jobs/*/candidates.json';
/** Everything of the jobs. */
const JOBS = 'jobs/*';
/** All JSON objects of jobs. Rows are JSON Lines, and not included. */
const CHECKPOINTS = 'jobs/*.json';
const RECORDS = 'jobs/*/job.json';
const PLANS = 'jobs/*/plan.json';
/** The items of the machine's map. */
export const TO_RUN = 'jobs/*/to-run.json';
const STOPS = 'jobs/*/stop.json';
/** How a job's pilot is, what a person says of it, and its results. */
const PILOTS = 'jobs/*/pilot.json';
const APPROVALS = 'jobs/*/approval.json';
const PILOT_RESULTS = 'output/*/pilot.jsonl';
/** The ledgers: the cost of jobs, and of a profile's jobs in a month. */
const LEDGERS = 'jobs/*/ledger/*.json';
const MONTHS = 'spending/*.json';
/** Which job is the sample of some inputs. */
const SAMPLES = 'jobs/samples/*.json';
/** Rows that came with a request. */
const ROWS = 'jobs/*/rows-*.jsonl';
/** Files that came with a job, from a command line. */
const INPUTS_OF_JOBS = 'jobs/*/input/*';
const SHARDS = 'jobs/*/shards/*';
/** What is joined in parts, from one call of its step to the next. */
const JOINED = 'jobs/*/joined/*';
/** The state that a build passes from one call to the next. */
const BUILDS = 'jobs/*/build/*';
/** The summary: where the answer goes when a dropped file asks for what cannot be. */
const SUMMARIES = 'output/*/summary.json';

const DOOR = { memoryMib: 512, timeoutMinutes: 2, knowsConfig: true, startsJobs: true } as const;
/** A call may take two minutes, and one of another list follows it. */
const TALKING = { memoryMib: 256, timeoutMinutes: 5, provider: true } as const;
const MOVING_ROWS = { memoryMib: 1_769, timeoutMinutes: 15 } as const;

/** Files that every shard has per round. */
function roundFiles(...files: readonly RoundFile[]): string[] {
  return files.map((file) => `jobs/*/shards/*/round-*.${file}`);
}

/** Every Lambda function: a file of `lambdas/` with a role of its own. First the doors, then the machine's Tasks. */
export const STEPS = {
  'start-job': {
    ...DOOR,
    readsVersions: [INPUTS],
    reads: [CHECKPOINTS, STAGED, OUTPUTS, CLAIMS],
    puts: [RECORDS, ROWS, CANDIDATES, INDEX, SUMMARIES, CLAIMS, SAMPLES, LEDGERS],
    // A resume deletes these.
    deletes: [STOPS, SUMMARIES],
  },
  'cancel-job': { ...DOOR, reads: [RECORDS, STOPS], puts: [STOPS] },
  api: {
    ...DOOR,
    // A whole vCPU: the status of 10,000 shards is read within the timeout of API Gateway.
    memoryMib: 1_769,
    timeoutMinutes: 0.5,
    stopsJobs: true,
    reads: [CHECKPOINTS, INPUTS, STAGED, OUTPUTS],
    // Inputs: whoever gets an address to upload to uploads with this role's rights.
    puts: [RECORDS, ROWS, STOPS, APPROVALS, INDEX, INPUTS, STAGED, SAMPLES, LEDGERS],
    // A resume or a cancel deletes these.
    deletes: [STOPS, SUMMARIES],
  },
  'build-requests': {
    ...MOVING_ROWS,
    // Also what was staged for a request, and the dead letters of other jobs.
    readsVersions: [INPUTS, STAGED, OUTPUTS],
    // Its own request lines: ids that look like duplicates are looked for in them.
    // Also the files of a shard that an earlier call has begun, and the results of jobs that are retried or sampled.
    // How the job's pilot is, and what a person says of it.
    // REUSE: merged indexes of answers.
    reads: [
      REUSE,
      RECORDS,
      PLANS,
      ROWS,
      INPUTS_OF_JOBS,
      CANDIDATES,
      CLAIMS,
      LEDGERS,
      BUILDS,
      SHARDS,
      STOPS,
      PILOTS,
      APPROVALS,
    ],
    puts: [PLANS, PILOTS, TO_RUN],
    streams: [SHARDS, BUILDS, PILOT_RESULTS],
    // Also rows that were wrongly called duplicates, and the claims of a job that is refused.
    deletes: ['jobs/*/shards/*/stopped.json', 'jobs/*/shards/*/round-0.*', CLAIMS, BUILDS],
  },
  'upload-file': {
    memoryMib: 1_024,
    timeoutMinutes: 15,
    provider: true,
    // ROOM: a file that is larger than the limit of enqueued tokens goes in parts.
    reads: [JOBS, MONTHS, ROOM],
    // The cost of the round is reserved.
    puts: [...roundFiles('uploading.json', 'upload.json'), LEDGERS, MONTHS],
  },
  'create-batch': {
    ...TALKING,
    // Room at a provider with a limit: who has it, and whether those have ended.
    // The requests, for a provider whose create has them, or needs their model.
    reads: [CHECKPOINTS, ...roundFiles('requests.jsonl'), ROOM, SLOTS],
    // The wait for room is progress, too.
    puts: ['jobs/*/shards/*/progress.json', ...roundFiles('creating.json', 'batch.json', 'twins.json'), ROOM],
    deletes: [ROOM, SLOTS],
  },
  'send-direct': {
    ...TALKING,
    memoryMib: 512,
    timeoutMinutes: 15,
    reads: [JOBS],
    puts: ['jobs/*/shards/*/round-*.answers-*.jsonl', 'jobs/*/shards/*/progress.json'],
    streams: roundFiles('output.jsonl'),
  },
  'poll-batch': {
    ...TALKING,
    // Second batches of the same rows are looked for and cancelled.
    reads: [STOPS, ...roundFiles('upload.json', 'batch.json', 'twins.json')],
    puts: ['jobs/*/shards/*/progress.json', ...roundFiles('twins.json')],
  },
  'cancel-batch': TALKING,
  // Scratch space: the provider's output is in any order, and is put into the input's order there.
  'collect-results': {
    ...MOVING_ROWS,
    scratchGib: 10,
    provider: true,
    reads: [JOBS, ROOM, SLOTS, MONTHS],
    // A denied account stops the job; answers that are files go beside the results; what the round cost replaces what was reserved.
    puts: [STOPS, 'output/*/files/*', LEDGERS, MONTHS, ROOM],
    streams: [SHARDS],
    // If a shard stops before its batch is created, its file is deleted at the provider and its checkpoint removed.
    deletes: [...roundFiles('uploading.json', 'upload.json', 'creating.json'), ROOM, SLOTS],
  },
  'write-results': {
    ...MOVING_ROWS,
    // The results and the summary; and what the rows were, for tables of the input and its answers.
    // REUSE: merged indexes of answers, which are merged again, and deleted then.
    reads: [JOBS, REUSE],
    readsVersions: [INPUTS, STAGED, OUTPUTS],
    // Shards that left no word are settled here; OUTPUTS: results, dead letters, report and summary.
    // What is joined in several calls is joined from JOINED.
    streams: [SHARDS, OUTPUTS, JOINED],
    // Of a job that is retried; and that answers of the job may be reused.
    puts: ['jobs/*/before-retries.json', REUSE],
    // Rows that are in the results, and what a refused job leaves.
    deletes: [
      'output/*/dead-letters.jsonl',
      'output/*/results.csv',
      'output/*/results.parquet',
      'jobs/*/shards/*.jsonl',
      JOINED,
      'jobs/*/shards/*/stopped.json',
      MERGED_INDEXES,
    ],
  },
  'announce-job': {
    memoryMib: 256,
    timeoutMinutes: 1,
    announces: true,
    reads: [CHECKPOINTS, SUMMARIES],
    puts: ['jobs/*/announced/*'],
  },
  // Called by a deploy.
  'publish-config': { memoryMib: 256, timeoutMinutes: 1, knowsConfig: true, puts: [DEPLOYED_CONFIG_KEY] },
} as const satisfies Readonly<Record<string, StepNeeds>>;

export type StepName = keyof typeof STEPS;

/** Functions that start jobs. */
export const DOORS = ['start-job', 'cancel-job', 'api'] as const satisfies readonly StepName[];

type DoorName = (typeof DOORS)[number];

/** Functions that are Tasks of the machine. */
export type TaskName = Exclude<StepName, DoorName | 'publish-config'>;

export function isDoor(step: StepName): step is DoorName {
  return (DOORS as readonly StepName[]).includes(step);
}

export function isTask(step: StepName): step is TaskName {
  return !isDoor(step) && step !== 'publish-config';
}
