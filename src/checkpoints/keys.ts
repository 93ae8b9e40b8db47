/** All keys in the bucket (docs/architecture.md). */

/** A file dropped below this prefix starts a job. */
export const INPUT_PREFIX = 'input/';
/** Input files that start no job by themselves: job requests and schedules name them. */
export const STAGED_PREFIX = 'staged/';
export const OUTPUT_PREFIX = 'output/';
/** A job request as a file, below {@link INPUT_PREFIX}. */
export const JOB_FILE_SUFFIX = '.job.json';

/** The configuration that is deployed, as far as a command line needs it to start jobs. Written by every deploy. */
export const DEPLOYED_CONFIG_KEY = 'deployed/config.json';

/** Checkpoints of all jobs. */
export const JOBS_PREFIX = 'jobs/';
export const jobPrefix = (jobId: string): string => `jobs/${jobId}/`;
export const jobKey = (jobId: string): string => `jobs/${jobId}/job.json`;
export const planKey = (jobId: string): string => `jobs/${jobId}/plan.json`;
/** The shards that still have work: the items of the machine's map. */
export const toRunKey = (jobId: string): string => `jobs/${jobId}/to-run.json`;
/** The state that a build of several calls passes from one call to the next. Absent once the plan is written. */
export const buildPrefix = (jobId: string): string => `jobs/${jobId}/build/`;
export const buildStateKey = (jobId: string): string => `${buildPrefix(jobId)}state.json`;
/** One of the build's tables, as saved in the given turn. */
export const buildTableKey = (at: { readonly jobId: string; readonly turn: number }, name: string): string =>
  `${buildPrefix(at.jobId)}${name}-${at.turn}.bin`;
/** The slices of a divided build, and its progress. */
export const divisionKey = (jobId: string): string => `${buildPrefix(jobId)}division.json`;
/** The slices that still have work: the items of the state machine's map. */
export const slicesKey = (jobId: string): string => `${buildPrefix(jobId)}slices.json`;
/** The position of the pass over the notes of all slices. */
export const cutStateKey = (jobId: string): string => `${buildPrefix(jobId)}cut.json`;
/** One slice of a build. */
export interface SliceRef {
  readonly jobId: string;
  readonly slice: number;
}
/**
 * Files of a slice while its job is built.
 *
 * - `notes.jsonl`: for each row, the facts that decide how rows are divided into shards
 * - `noted.json`: how the slice was read; written when the notes are complete
 * - `verdicts.jsonl`: rows that are not sent under their own id
 * - `state.json`: the position in building its shards; `built.json`: the result
 * - `trouble.json`: the error of its last call that failed; reported if the slice is never done
 */
export type SliceFile =
  | 'notes.jsonl'
  | 'noted.json'
  | 'verdicts.jsonl'
  | 'state.json'
  | 'built.json'
  | 'trouble.json';
export const sliceKey = ({ jobId, slice }: SliceRef, file: SliceFile): string =>
  `${buildPrefix(jobId)}slice-${String(slice).padStart(6, '0')}.${file}`;
/** The plan of a build whose pilot is chosen, before the pilot's rows are moved. */
export const pilotDraftKey = (jobId: string): string => `${buildPrefix(jobId)}pilot.json`;
/** Rows of one shard that are set aside for the pilot. */
export const pilotRowsKey = ({ jobId, shard }: ShardRef, file: 'requests' | 'sources'): string =>
  `${buildPrefix(jobId)}pilot-${shardName(shard)}.${file}.jsonl`;
/** State of a job's pilot. */
export const pilotKey = (jobId: string): string => `jobs/${jobId}/pilot.json`;
/** A person's decision after the job's pilot. */
export const approvalKey = (jobId: string): string => `jobs/${jobId}/approval.json`;
/** The rows of a request with inline rows; `hash` separates different requests for the same job. */
export const rowsKey = (jobId: string, hash: string): string => `jobs/${jobId}/rows-${hash}.jsonl`;
/** The job that is the sample of given inputs with given settings. No jobId is `samples`. */
export const sampleKey = (hash: string): string => `jobs/samples/${hash}.json`;
/** Present while the job is stopped: no shard uploads or creates anything. Removed by a resume. */
export const stopKey = (jobId: string): string => `jobs/${jobId}/stop.json`;

/** The money that the job's rounds have cost and may still cost, and how its last shards ended: one object per change. */
export const ledgerPrefix = (jobId: string): string => `jobs/${jobId}/ledger/`;
/**
 * The money that all jobs of a profile have cost, and may cost, in one month (`2026-11`, UTC). Amounts of two currencies are not
 * added up.
 */
export const monthPrefix = (profile: string, month: string, currency: string): string =>
  `spending/${profile}/${month}-${currency}/`;

/** A job's summary before its first retry. */
export const beforeRetriesKey = (jobId: string): string => `jobs/${jobId}/before-retries.json`;

/** Written once a channel has accepted the announcement of this execution's end. */
export const announcedKey = (jobId: string, execution: string, channel: string): string =>
  `jobs/${jobId}/announced/${execution}.${channel}.json`;

/**
 * Files of a *Write results* that takes several calls: joined results, parts of an index or of a merged retry, and the progress
 * (`ending.ts`, `kept-blocks.ts`, `merge-lines.ts`). `since` separates them from those of an earlier end.
 */
export const joinedPrefix = (jobId: string): string => `jobs/${jobId}/joined/`;
export const joinedKey = (jobId: string, since: number, name: string): string =>
  `${joinedPrefix(jobId)}${since}/${name}.jsonl`;

export const outputPrefix = (jobId: string): string => `${OUTPUT_PREFIX}${jobId}/`;
export const resultsKey = (jobId: string): string => `output/${jobId}/results.jsonl`;
export const deadLettersKey = (jobId: string): string => `output/${jobId}/dead-letters.jsonl`;
/** The page about the job's pilot, for the person who approves it. */
export const pilotReportKey = (jobId: string): string => `output/${jobId}/pilot.html`;
/** Results of the job's pilot, for the person who decides on it. */
export const pilotResultsKey = (jobId: string): string => `output/${jobId}/pilot.jsonl`;
/** The input and its answers as a table, if the profile requests it. */
export const tableKey = (jobId: string, format: string): string => `output/${jobId}/results.${format}`;
/** An answer that is a file: an image, a recording. */
export const fileKey = (jobId: string, name: string): string => `output/${jobId}/files/${name}`;
/** Positions of the answers in the results by request fingerprint: for later jobs that reuse answers. */
export const answerIndexKey = (jobId: string): string => `output/${jobId}/answers.index`;
/** The job's report page. */
export const reportKey = (jobId: string): string => `output/${jobId}/report.html`;
export const summaryKey = (jobId: string): string => `output/${jobId}/summary.json`;

/** One empty object per job, newest first: keys count down to the end of 13-digit times, in the year 2286. */
export const INDEX_PREFIX = 'index/';
export const indexKey = (createdAt: string, jobId: string): string =>
  `${INDEX_PREFIX}${String(9_999_999_999_999 - Date.parse(createdAt)).padStart(13, '0')}-${jobId}`;

/** The job of an index key. */
export const jobOfIndexKey = (key: string): string => key.slice(INDEX_PREFIX.length + 14);

/** One empty object per job whose answers may be reused, by the hash of the settings that they depend on. */
export const REUSE_PREFIX = 'reuse/';
export const reusablePrefix = (scope: string): string => `${REUSE_PREFIX}${scope}/`;
/** Merged indexes: each object has the indexes of many of those jobs. */
export const mergedIndexPrefix = (scope: string): string => `${reusablePrefix(scope)}merged-`;

/** Files that a scheduled run listed below its prefix. */
export const candidatesKey = (jobId: string): string => `jobs/${jobId}/candidates.json`;
/** Objects that a schedule has claimed below its prefix, one claim per version. */
export const claimsPrefix = (schedule: string): string => `claims/${schedule}/`;

/** The provider's name in an event may be empty. An empty name is rejected when the provider is called. */
const nameOf = (provider: string): string => (provider === '' ? '~' : encodeURIComponent(provider));

/** Room at a provider with a known limit: the holders and the queue. One object per change. */
export const ROOM_PREFIX = 'room/limited/';
export const roomPrefix = (provider: string): string => `${ROOM_PREFIX}${nameOf(provider)}/`;
/** The provider of a key below {@link ROOM_PREFIX}. */
export function providerOfRoomKey(key: string): string {
  const [name = ''] = key.slice(ROOM_PREFIX.length).split('/');
  return name === '~' ? '' : decodeURIComponent(name);
}
/** Batches at a provider while no limit is known: one object per shard. */
export const enqueuedPrefix = (provider: string): string => `room/enqueued/${nameOf(provider)}/`;
export const enqueuedKey = (provider: string, { jobId, shard }: ShardRef): string =>
  `${enqueuedPrefix(provider)}${jobId}-${shardName(shard)}.json`;
/** Slots at a provider as earlier versions record them: one object per batch that may run there. */
export const slotsPrefix = (provider: string): string => `slots/${provider}/`;

/** One shard of one job. Shards count from 0, rounds from 1. */
export interface ShardRef {
  readonly jobId: string;
  readonly shard: number;
}

export const shardsPrefix = (jobId: string): string => `jobs/${jobId}/shards/`;
export const shardName = (shard: number): string => String(shard).padStart(5, '0');
export const shardPrefix = ({ jobId, shard }: ShardRef): string =>
  `${shardsPrefix(jobId)}${shardName(shard)}/`;
/** The shard of a key below {@link shardsPrefix}. */
export const shardOfKey = (jobId: string, key: string): number =>
  Number(key.slice(shardsPrefix(jobId).length).split('/', 1)[0]);
export const shardKey = (ref: ShardRef, file: ShardFile): string => `${shardPrefix(ref)}${file}`;
/** One round of one shard. */
export interface RoundRef extends ShardRef {
  readonly round: number;
}

export const roundKey = (ref: ShardRef, round: number, file: RoundFile): string =>
  `${shardPrefix(ref)}round-${round}.${file}`;

/** The nth part, from 2, of a file whose download or writing takes several calls. The first part is under the file's own key. */
export const roundPartKey = (key: string, n: number): string => key.replace(/\.jsonl$/, `-part-${n}.jsonl`);

/**
 * Files that a shard has once.
 * - `sources.jsonl`: where each row came from, in jobs of several inputs
 * - `progress.json`: the state at the last poll, for people
 * - `trouble.json`: the last error of a failed step; reported if the shard never ends
 * - `filled-results.jsonl`, `filled-dead-letters.jsonl`: results and dead letters including rows that earlier rows answer, in
 *   shards that have such rows; `filled.json`: both are complete, with their counts
 * - `merging.json`: the progress of joining its rounds, if that takes several calls
 * - `done.json`: every row has its final outcome; `stopped.json`: the shard stopped before that, and why
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
  | 'merging.json'
  | 'done.json'
  | 'stopped.json';

/**
 * Files of a shard for each step of its ladder that rows went up from. Steps count from 1.
 * - `results.jsonl`, `dead-letters.jsonl`: as those of a round, over all rounds of the step; an empty line in both means "see
 *   the next step". A result line that begins with a space is an answer that is used unless the next step has a better one.
 * - `raised.jsonl`: the requests of the rows that went up, as the first step sent them
 * - `climbing.json`: the progress of writing these files, if that takes several calls
 */
export type StepFile = 'results.jsonl' | 'dead-letters.jsonl' | 'raised.jsonl' | 'climbing.json';

export const stepKey = (ref: ShardRef, step: number, file: StepFile): string =>
  `${shardPrefix(ref)}step-${step}.${file}`;

/**
 * Files that a shard has per round.
 * - `requests.jsonl`: the request lines, which are uploaded
 * - `uploading.json`, `creating.json`: written before the call of the provider; if its answer is lost, the file or batch is
 *   searched for
 * - `upload.json`, `batch.json`: the provider's ids, checkpoints of the two paid steps
 * - `output.jsonl`, `errors.jsonl`: the provider's files, unchanged
 * - `twins.json`: other batches of the same rows, after the answer to a create was lost
 * - `twin-<n>-output.jsonl`, `twin-<n>-errors.jsonl`: their files, unchanged, if rows have no other answer
 * - `late.json`: whether the provider may show more of these files later, and the progress of downloads that take several calls
 * - `answers-<n>.jsonl`: in a round that is sent direct, the pieces that are joined into its `output.jsonl`
 * - `writing.json`: the progress of writing the round, if that takes several calls
 * - `lost.json`: ids of rows that the next round sends again because their lines could not be read
 * - `results.jsonl`, `dead-letters.jsonl`: a line per request of the round, in its order; an empty line in both means "see the
 *   next round". Round 0 has the outcomes that Build decided: a line per input row, empty for rows that are sent.
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
  | 'writing.json'
  | 'lost.json'
  | 'results.jsonl'
  | 'dead-letters.jsonl'
  | 'collected.json';
