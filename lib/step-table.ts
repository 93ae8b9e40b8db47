import {
  DEPLOYED_CONFIG_KEY,
  INDEX_PREFIX,
  INPUT_PREFIX,
  OUTPUT_PREFIX,
  REUSE_PREFIX,
  STAGED_PREFIX,
  type RoundFile,
} from '../src/checkpoints/keys.ts';
import type { StepNeeds } from './step-needs.ts';

const INPUTS = `${INPUT_PREFIX}*`;
/** The room at providers with a limit. */
const ROOM = 'room/*.json';
/** The slots of earlier versions. */
const SLOTS = 'slots/*';
const STAGED = `${STAGED_PREFIX}*`;
const OUTPUTS = `${OUTPUT_PREFIX}*`;
const INDEX = `${INDEX_PREFIX}*`;
/** Index of jobs whose answers may be reused. */
const REUSE = `${REUSE_PREFIX}*`;
const MERGED_INDEXES = `${REUSE_PREFIX}*/merged-*`;
const CLAIMS = 'claims/*';
const CANDIDATES = 'jobs/*/candidates.json';
/** All objects of jobs. */
const JOBS = 'jobs/*';
/** All JSON objects of jobs. Rows are JSON Lines, and not included. */
const CHECKPOINTS = 'jobs/*.json';
const RECORDS = 'jobs/*/job.json';
const PLANS = 'jobs/*/plan.json';
/** The items of the machine's maps. */
export const TO_RUN = 'jobs/*/to-run.json';
export const TO_SLICE = 'jobs/*/build/slices.json';
const STOPS = 'jobs/*/stop.json';
/** State of a job's pilot, a person's decision on it, and its results. */
const PILOTS = 'jobs/*/pilot.json';
const APPROVALS = 'jobs/*/approval.json';
const PILOT_RESULTS = 'output/*/pilot.jsonl';
const PILOT_REPORTS = 'output/*/pilot.html';
/** The ledgers: the cost of jobs, and of a profile's jobs in a month. */
const LEDGERS = 'jobs/*/ledger/*.json';
const MONTHS = 'spending/*.json';
/** Index of samples by their inputs. */
const SAMPLES = 'jobs/samples/*.json';
/** Inline rows of requests. */
const ROWS = 'jobs/*/rows-*.jsonl';
/** Input files that a command line stored with a job. */
const INPUTS_OF_JOBS = 'jobs/*/input/*';
const SHARDS = 'jobs/*/shards/*';
/** Parts of joined results, between calls of the step. */
const JOINED = 'jobs/*/joined/*';
/** The state that a build passes from one call to the next. */
const BUILDS = 'jobs/*/build/*';
/** The summary, which also reports a dropped file whose request is invalid. */
const SUMMARIES = 'output/*/summary.json';

const ENTRY = { memoryMib: 512, timeoutMinutes: 2, knowsConfig: true, startsJobs: true } as const;
/** A step that calls the provider. A call may take two minutes, and the step may make a second one for a list. */
const TALKING = { memoryMib: 256, timeoutMinutes: 5, provider: true } as const;
const MOVING_ROWS = { memoryMib: 1_769, timeoutMinutes: 15 } as const;

/** Files of each round of every shard. */
function roundFiles(...files: readonly RoundFile[]): string[] {
  return files.map((file) => `jobs/*/shards/*/round-*.${file}`);
}

/**
 * Every Lambda function: a file of `lambdas/` with its own role. First the functions that start jobs, then the machine's Tasks.
 */
export const STEPS = {
  'start-job': {
    ...ENTRY,
    readsVersions: [INPUTS],
    reads: [CHECKPOINTS, STAGED, OUTPUTS, CLAIMS],
    puts: [RECORDS, ROWS, CANDIDATES, INDEX, SUMMARIES, CLAIMS, SAMPLES, LEDGERS],
    // A resume deletes these.
    deletes: [STOPS, SUMMARIES],
  },
  'cancel-job': { ...ENTRY, reads: [RECORDS, STOPS], puts: [STOPS] },
  api: {
    ...ENTRY,
    // A whole vCPU, because the status of 10,000 shards must be read within the timeout of API Gateway.
    memoryMib: 1_769,
    timeoutMinutes: 0.5,
    stopsJobs: true,
    reads: [CHECKPOINTS, INPUTS, STAGED, OUTPUTS],
    // Includes inputs: an upload with a presigned URL uses the rights of this role.
    puts: [RECORDS, ROWS, STOPS, APPROVALS, INDEX, INPUTS, STAGED, SAMPLES, LEDGERS],
    // A resume or a cancel deletes these.
    deletes: [STOPS, SUMMARIES],
  },
  'build-requests': {
    ...MOVING_ROWS,
    // Also reads files that were staged for a request, and dead letters of other jobs.
    readsVersions: [INPUTS, STAGED, OUTPUTS],
    // Reads its own request lines to check ids that look like duplicates, files of a shard that an earlier call has begun,
    // results of jobs that are retried or sampled, the pilot with a person's decision, and merged indexes of answers (REUSE).
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
    puts: [PLANS, PILOTS, TO_RUN, PILOT_REPORTS],
    streams: [SHARDS, BUILDS, PILOT_RESULTS],
    // Also deletes rows that were wrongly treated as duplicates, and the claims of a rejected job.
    deletes: ['jobs/*/shards/*/stopped.json', 'jobs/*/shards/*/round-0.*', CLAIMS, BUILDS],
  },
  // A part of a large build. Writes the notes of its rows beside the state of the build, and its shards to the folder of all
  // shards.
  'build-slice': {
    ...MOVING_ROWS,
    readsVersions: [INPUTS, STAGED, OUTPUTS],
    reads: [RECORDS, ROWS, INPUTS_OF_JOBS, BUILDS, SHARDS],
    streams: [SHARDS, BUILDS],
  },
  'upload-file': {
    memoryMib: 1_024,
    timeoutMinutes: 15,
    provider: true,
    // ROOM: a file that is larger than the limit of enqueued tokens is sent in parts.
    reads: [JOBS, MONTHS, ROOM],
    // Reserves the cost of the round. For a finished shard, records which twins (second batches of its rows) still run.
    puts: [
      ...roundFiles('uploading.json', 'upload.json', 'twins.json'),
      'jobs/*/shards/*/done.json',
      LEDGERS,
      MONTHS,
    ],
    // Writes the requests of a later round again if they are damaged.
    streams: roundFiles('requests.jsonl'),
  },
  'create-batch': {
    ...TALKING,
    // Room at a provider with a limit, its holders, and whether they have ended. The requests, for a provider whose create
    // contains them or needs their model.
    reads: [CHECKPOINTS, ...roundFiles('requests.jsonl'), ROOM, SLOTS],
    // The wait for room is recorded as progress.
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
    // Finds and cancels twins.
    reads: [STOPS, ...roundFiles('upload.json', 'batch.json', 'twins.json')],
    puts: ['jobs/*/shards/*/progress.json', ...roundFiles('twins.json')],
  },
  'cancel-batch': TALKING,
  // Scratch space, because the provider's output is in any order and is sorted into the input's order there.
  'collect-results': {
    ...MOVING_ROWS,
    scratchGib: 10,
    provider: true,
    reads: [JOBS, ROOM, SLOTS, MONTHS],
    // A denied account stops the job, files of answers are written beside the results, and the round's cost replaces its
    // reservation.
    puts: [STOPS, 'output/*/files/*', LEDGERS, MONTHS, ROOM],
    streams: [SHARDS],
    // If a shard stops before its batch is created, its file is deleted at the provider and its checkpoint removed.
    deletes: [...roundFiles('uploading.json', 'upload.json', 'creating.json'), ROOM, SLOTS],
  },
  'write-results': {
    ...MOVING_ROWS,
    // Writes the results and the summary. Reads the rows for tables of input and answers. REUSE: merged indexes of answers,
    // which are merged again and then deleted.
    reads: [JOBS, REUSE],
    readsVersions: [INPUTS, STAGED, OUTPUTS],
    // Settles shards without a recorded end. OUTPUTS: results, dead letters, report and summary. JOINED: parts of results that
    // are joined in several calls.
    streams: [SHARDS, OUTPUTS, JOINED],
    // The summary of a retried job, and the index of reusable answers.
    puts: ['jobs/*/before-retries.json', REUSE],
    // Rows that are in the results, files of a rejected job, and the state of its build.
    deletes: [
      BUILDS,
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
  // Called at each deploy.
  'publish-config': { memoryMib: 256, timeoutMinutes: 1, knowsConfig: true, puts: [DEPLOYED_CONFIG_KEY] },
} as const satisfies Readonly<Record<string, StepNeeds>>;

export type StepName = keyof typeof STEPS;

/** Functions that something outside the state machine calls: events and the API. They start, resume and cancel jobs. */
export const ENTRY_FUNCTIONS = ['start-job', 'cancel-job', 'api'] as const satisfies readonly StepName[];

type EntryName = (typeof ENTRY_FUNCTIONS)[number];

/** Functions that are Tasks of the machine. */
export type TaskName = Exclude<StepName, EntryName | 'publish-config'>;

export function isEntryFunction(step: StepName): step is EntryName {
  return (ENTRY_FUNCTIONS as readonly StepName[]).includes(step);
}

export function isTask(step: StepName): step is TaskName {
  return !isEntryFunction(step) && step !== 'publish-config';
}
