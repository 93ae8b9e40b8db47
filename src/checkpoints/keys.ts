/** Every key in the bucket, in one place (docs/architecture.md shows the layout). */

/** What is dropped here starts a job. */
export const INPUT_PREFIX = 'input/';
/** Input files that start nothing by themselves: job requests and schedules name them. */
export const STAGED_PREFIX = 'staged/';
export const OUTPUT_PREFIX = 'output/';
/** A job request as a file, below {@link INPUT_PREFIX}. */
export const JOB_FILE_SUFFIX = '.job.json';

/** The configuration that is deployed, as far as a command line needs it to start jobs. Written by every deploy. */
export const DEPLOYED_CONFIG_KEY = 'deployed/config.json';

/** The checkpoints of all jobs. */
export const JOBS_PREFIX = 'jobs/';
export const jobPrefix = (jobId: string): string => `jobs/${jobId}/`;
export const jobKey = (jobId: string): string => `jobs/${jobId}/job.json`;
export const planKey = (jobId: string): string => `jobs/${jobId}/plan.json`;
/** The shards that are left to run: the items of the machine's map. */
export const toRunKey = (jobId: string): string => `jobs/${jobId}/to-run.json`;
/** What a build that takes several calls carries from one to the next. Absent once the plan is written. */
export const buildPrefix = (jobId: string): string => `jobs/${jobId}/build/`;
export const buildStateKey = (jobId: string): string => `${buildPrefix(jobId)}state.json`;
/** A table that it carries, as it was saved for the nth time. */
export const buildTableKey = (at: { readonly jobId: string; readonly turn: number }, name: string): string =>
  `${buildPrefix(at.jobId)}${name}-${at.turn}.bin`;
/** A build whose rows are set aside for a pilot: its plan before that. */
export const pilotDraftKey = (jobId: string): string => `${buildPrefix(jobId)}pilot.json`;
/** Rows of one shard that are set aside for the pilot. */
export const pilotRowsKey = ({ jobId, shard }: ShardRef, file: 'requests' | 'sources'): string =>
  `${buildPrefix(jobId)}pilot-${shardName(shard)}.${file}.jsonl`;
/** How a job's pilot is. */
export const pilotKey = (jobId: string): string => `jobs/${jobId}/pilot.json`;
/** Whether a person lets the job go on after its pilot. */
export const approvalKey = (jobId: string): string => `jobs/${jobId}/approval.json`;
/** The rows of a request that brought its rows along; `hash` tells them from those of another request for the job. */
export const rowsKey = (jobId: string, hash: string): string => `jobs/${jobId}/rows-${hash}.jsonl`;
/** Which job is the sample of some inputs, by what they are and how they are treated. No jobId is `samples`. */
export const sampleKey = (hash: string): string => `jobs/samples/${hash}.json`;
/** Present while the job is stopped: no shard uploads or creates anything. Removed by a resume. */
export const stopKey = (jobId: string): string => `jobs/${jobId}/stop.json`;

/** What the job's rounds have cost and may cost, and how its last shards ended: one object per change. */
export const ledgerPrefix = (jobId: string): string => `jobs/${jobId}/ledger/`;
/** What all jobs of a profile have cost in one month (`2026-11`, UTC), and may cost. */
export const monthPrefix = (profile: string, month: string): string => `spending/${profile}/${month}/`;

/** The summary of a job as it was before its first retry. */
export const beforeRetriesKey = (jobId: string): string => `jobs/${jobId}/before-retries.json`;

/** Written once a channel has taken the announcement of how this execution ended. */
export const announcedKey = (jobId: string, execution: string, channel: string): string =>
  `jobs/${jobId}/announced/${execution}.${channel}.json`;

/** What *Write results* has joined so far, while it takes several calls; `since` tells its calls from those of an earlier end. */
export const joinedPrefix = (jobId: string): string => `jobs/${jobId}/joined/`;
export const joinedKey = (jobId: string, since: number, name: string): string =>
  `${joinedPrefix(jobId)}${since}/${name}.jsonl`;

export const outputPrefix = (jobId: string): string => `${OUTPUT_PREFIX}${jobId}/`;
export const resultsKey = (jobId: string): string => `output/${jobId}/results.jsonl`;
export const deadLettersKey = (jobId: string): string => `output/${jobId}/dead-letters.jsonl`;
/** The results of the job's pilot, for the person who judges it. */
export const pilotResultsKey = (jobId: string): string => `output/${jobId}/pilot.jsonl`;
/** The input and its answers as a table, where the profile asks for it. */
export const tableKey = (jobId: string, format: string): string => `output/${jobId}/results.${format}`;
/** An answer that is a file: an image, a recording. */
export const fileKey = (jobId: string, name: string): string => `output/${jobId}/files/${name}`;
/** Where the results have the answer to a request, by its fingerprint: for later jobs that reuse answers. */
export const answerIndexKey = (jobId: string): string => `output/${jobId}/answers.index`;
/** The job as a page for people. */
export const reportKey = (jobId: string): string => `output/${jobId}/report.html`;
export const summaryKey = (jobId: string): string => `output/${jobId}/summary.json`;

/** One empty object per job, newest first: keys count down to the end of 13-digit times, in the year 2286. */
export const INDEX_PREFIX = 'index/';
export const indexKey = (createdAt: string, jobId: string): string =>
  `${INDEX_PREFIX}${String(9_999_999_999_999 - Date.parse(createdAt)).padStart(13, '0')}-${jobId}`;

/** The job an index key is about. */
export const jobOfIndexKey = (key: string): string => key.slice(INDEX_PREFIX.length + 14);

/** One empty object per job whose answers may be reused, by the hash of what they depend on. */
export const REUSE_PREFIX = 'reuse/';
export const reusablePrefix = (scope: string): string => `${REUSE_PREFIX}${scope}/`;
/** The indexes of many of those jobs in one object each. */
export const mergedIndexPrefix = (scope: string): string => `${reusablePrefix(scope)}merged-`;

/** What a scheduled run saw below its prefix. */
export const candidatesKey = (jobId: string): string => `jobs/${jobId}/candidates.json`;
/** What a schedule has taken from its prefix, one object per version that was taken. */
export const claimsPrefix = (schedule: string): string => `claims/${schedule}/`;

/** A name that only an event brings may be empty, and is refused once the provider is called. */
const nameOf = (provider: string): string => (provider === '' ? '~' : encodeURIComponent(provider));

/** The room at a provider, where a limit is known: who has some, and who waits. One object per change. */
export const roomPrefix = (provider: string): string => `room/limited/${nameOf(provider)}/`;
/** The batches at a provider while no limit is known: one object per shard. */
export const enqueuedPrefix = (provider: string): string => `room/enqueued/${nameOf(provider)}/`;
export const enqueuedKey = (provider: string, { jobId, shard }: ShardRef): string =>
  `${enqueuedPrefix(provider)}${jobId}-${shardName(shard)}.json`;
/** The slots at a provider, as jobs of earlier versions have them: one object per batch that may run there. */
export const slotsPrefix = (provider: string): string => `slots/${provider}/`;

/** One shard of one job: where its objects are. Shards count from 0, rounds from 1. */
export interface ShardRef {
  readonly jobId: string;
  readonly shard: number;
}

export const shardsPrefix = (jobId: string): string => `jobs/${jobId}/shards/`;
export const shardName = (shard: number): string => String(shard).padStart(5, '0');
export const shardPrefix = ({ jobId, shard }: ShardRef): string =>
  `${shardsPrefix(jobId)}${shardName(shard)}/`;
export const shardKey = (ref: ShardRef, file: ShardFile): string => `${shardPrefix(ref)}${file}`;
/** One round of one shard. */
export interface RoundRef extends ShardRef {
  readonly round: number;
}

export const roundKey = (ref: ShardRef, round: number, file: RoundFile): string =>
  `${shardPrefix(ref)}round-${round}.${file}`;

/** The nth part of a provider's file that takes several calls to download, from 2: the first one is under the file's own key. */
export const roundPartKey = (key: string, n: number): string => key.replace(/\.jsonl$/, `-part-${n}.jsonl`);

/**
 * Files a shard has once.
 * - `sources.jsonl`: where each row came from, in jobs of several inputs
 * - `progress.json`: what the last poll saw; for people
 * - `trouble.json`: the last error of a failed step; reported if the shard never ends
 * - `filled-results.jsonl`, `filled-dead-letters.jsonl`: the same with the rows that earlier rows answer for, in shards that
 *   have such rows; `filled.json`: they are whole, and what they count
 * - `done.json`: every row has its final outcome; `stopped.json`: it has not, and why
 */
export type ShardFile =
  | 'sources.jsonl'
  | 'progress.json'
  | 'trouble.json'
  | 'results.jsonl'
  | 'dead-letters.jsonl'
  | 'filled-results.jsonl'
  | 'filled-dead-letters.jsonl'
  | 'filled.json'
  | 'done.json'
  | 'stopped.json';

/**
 * Files a shard has per step of its ladder that rows went up from, counted from 1.
 * - `results.jsonl`, `dead-letters.jsonl`: as those of a round, over all rounds of the step; an empty line in both means "see the
 *   next step". A result behind a space is an answer that holds unless the next step has a better one.
 * - `raised.jsonl`: the rows that went up, as the first step asked them
 */
export type StepFile = 'results.jsonl' | 'dead-letters.jsonl' | 'raised.jsonl';

export const stepKey = (ref: ShardRef, step: number, file: StepFile): string =>
  `${shardPrefix(ref)}step-${step}.${file}`;

/**
 * Files a shard has per round.
 * - `requests.jsonl`: what is uploaded
 * - `uploading.json`, `creating.json`: written before the provider is asked, so that a lost answer is looked for
 * - `upload.json`, `batch.json`: the provider's ids, checkpoints of the two paid steps
 * - `output.jsonl`, `errors.jsonl`: the provider's files as they came
 * - `twins.json`: other batches of the same rows, where the answer to a create was lost
 * - `twin-<n>-output.jsonl`, `twin-<n>-errors.jsonl`: their files as they came, where rows have no other answer
 * - `late.json`: whether the provider may show more of them at a later look, and how far downloads of several calls have come
 * - `answers-<n>.jsonl`: of a round that is sent direct, pieces of what becomes its `output.jsonl`
 * - `lost.json`: ids of rows that the next round asks again because their lines could not be read
 * - `results.jsonl`, `dead-letters.jsonl`: a line per request of the round, in its order; an empty line in both
 *   means "see the next round". Round 0 is what Build already decided: a line per input row, empty for rows sent.
 * - `collected.json`: the result of the round; written last
 */
export type RoundFile =
  | 'requests.jsonl'
  | 'uploading.json'
  | 'upload.json'
  | 'creating.json'
  | 'batch.json'
  | 'output.jsonl'
  | `answers-${string}.jsonl`
  | 'errors.jsonl'
  | 'twins.json'
  | `twin-${string}.jsonl`
  | 'late.json'
  | 'lost.json'
  | 'results.jsonl'
  | 'dead-letters.jsonl'
  | 'collected.json';
