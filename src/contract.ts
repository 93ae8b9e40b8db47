import type { CaughtError, Failure } from './errors.ts';
import type { ShardStep } from './checkpoints/round/collected.ts';
import type { WithoutPilot } from './checkpoints/pilot.ts';
import type { ShardPlan } from './checkpoints/plan.ts';
import type { Summary } from './checkpoints/summary.ts';
import type { PollLimits } from './checkpoints/profile.ts';
import type { ProviderSettings } from './provider/batch-provider.ts';

/**
 * The payload of every transition of the state machine, in the order of the transitions. Payloads are small: they hold ids,
 * keys and counters, and never rows. Times are seconds since 1970; waits are whole seconds.
 */

/** Input of the machine and of *Build requests*. The same job always starts with the same bytes. */
export interface JobInput {
  readonly jobId: string;
}

/**
 * Output of *Build requests* when it ran short of time, and its next input. The bucket has the position at which it continues.
 */
export interface BuildingContext extends JobInput {
  /** Progress so far. It is only shown to people. */
  readonly building: { readonly rows: number; readonly shards: number };
}

/** Output of *Build requests* for a job that is built in slices; input of *For each slice*, and of the next *Build requests*. */
export interface SlicingContext extends JobInput {
  readonly slices: {
    /** The phase of the build that these slices are processed for. */
    readonly phase: string;
    readonly count: number;
    /** Key of the list of slices, whose entries are the items of the map. */
    readonly key: string;
  };
}

/** Input of *Build slice*, made by the map's item selector. */
export interface SliceContext extends JobInput {
  readonly slice: number;
}

/** Output of *Build slice* and input of *Slice built?*. With `building`, the call ran short of time. */
export interface BuiltSliceContext extends SliceContext {
  /** Progress so far. It is only shown to people. */
  readonly building?: { readonly rows: number };
}

/**
 * Input of *Build requests*: at the start of the job, after its slices, after its pilot, and while it waits for an approval.
 */
export interface BuildContext extends JobInput {
  readonly slices?: SlicingContext['slices'];
  readonly pilot?: true;
  readonly waiting?: WaitingContext['waiting'];
}

/**
 * Output of *Build requests* while a person must approve the job: passes through *Wait for approval* and back to *Build
 * requests*.
 */
export interface WaitingContext extends JobInput {
  /** When the wait began. */
  readonly waiting: { readonly since: number };
  readonly waitSeconds: number;
  /**
   * Set and announced when the wait begins: the time at which it ends (ISO 8601), and the keys of the pilot's results and page.
   */
  readonly asks?: { readonly until: string; readonly results: string; readonly report?: string };
}

/** Output of *Build requests* and input of *For each shard*. */
export interface JobContext {
  readonly jobId: string;
  /** The shards belong to the job's pilot; *Build requests* then decides what follows. */
  readonly pilot?: true;
  /** Set if the job has too few rows for the pilot of its profile. */
  readonly withoutPilot?: WithoutPilot;
  /** Shards that still have work: finished ones are left out, so a resume costs nothing for them. */
  readonly toRun: {
    readonly shards: number;
    /**
     * Key of the list, whose entries are the map's items (`src/checkpoints/to-run.ts`). The list itself is too long for the
     * state.
     */
    readonly key: string;
  };
  readonly provider: ProviderSettings;
  readonly polling: PollLimits;
}

/** Input of *Upload file*, made by the map's item selector. For a retry it also names the round to run. */
export interface ShardContext {
  readonly jobId: string;
  readonly shard: number;
  /** The shard's entry in the plan, so that no step of a shard reads the whole plan. */
  readonly planned?: ShardPlan;
  readonly provider: ProviderSettings;
  readonly polling: PollLimits;
  /** Absent at the start: *Upload file* then finds the round from the checkpoints. */
  readonly round?: number;
  readonly lastRound?: number;
  /** Set while the provider may have other batches of the shard's rows besides the round's own. */
  readonly doubt?: true;
  /** The step of the ladder; absent for the first one. */
  readonly step?: ShardStep | undefined;
  /** Approximate number of history events of the earlier rounds in this execution. */
  readonly spentEvents?: number;
}

/** Output of *Upload file* and input of *Create batch*. */
export interface UploadedContext extends ShardContext {
  readonly round: number;
  readonly lastRound: number;
  readonly fileId: string;
}

/** Output of *Upload file* if the round is sent direct; input of *Send direct*. */
export interface DirectContext extends ShardContext {
  readonly round: number;
  readonly lastRound: number;
  readonly direct: true;
  readonly createdAt: number;
  /** Number of passes of *Send direct* so far. */
  readonly polls: number;
  /** Consecutive passes without an answer. */
  readonly stalled: number;
}

/** Output of *Send direct* and input of *All sent?*. */
export interface SentContext extends DirectContext {
  readonly phase: 'running' | 'ended';
  readonly waitSeconds: number;
  /** Rows of the round that are answered. */
  readonly answered: number;
  /** Set if the account was denied: no further row is sent. */
  readonly denied?: Failure;
}

/**
 * Output of *Upload file* for a shard that is done: its twins (second batches of its rows) were searched for, and nothing else
 * is left to do.
 */
export interface SettledContext extends ShardContext {
  readonly settled: true;
}

/** Output of *Create batch*; input of *Wait for batch* and *Poll batch*. */
export interface BatchContext extends UploadedContext {
  readonly batchId: string;
  readonly createdAt: number;
  /** After this time the batch is `overdue`: it is cancelled, and what it finished is collected. */
  readonly deadline: number;
  readonly waitSeconds: number;
  /** When *Poll batch* is due; a later poll computes its delay from it. */
  readonly nextPollAt: number;
  readonly polls: number;
  /** Seconds since the create, added up from waits and clock so that a jump of the clock does not count. */
  readonly age?: number;
  /** Time of the last poll, or of the create. */
  readonly lookedAt?: number;
  /** Consecutive polls that did not find the batch. */
  readonly notFound: number;
  /** Seconds since the first of these polls. */
  readonly missedSeconds?: number;
  /** Number of these seconds in which the complete list of batches lacked the batch as well. */
  readonly absentSeconds?: number;
  /** Set once *Cancel batch* has run. */
  readonly cancelledAt?: number;
  /** The batch's `age` at that time. */
  readonly cancelledAge?: number;
  /** Consecutive cancels that the provider rejected. */
  readonly cancelFailures?: number;
  /** Seconds until a batch that is still running is cancelled again. */
  readonly cancelInSeconds?: number;
  /** Set if the batch has ended and shows less output than it promised: *Collect results* looks again. */
  readonly late?: LateOutput;
}

/** The times that an ended batch showed less output than it promised. */
export interface LateOutput {
  /** The batch's `age` at the first look, so that a jump of the clock does not change the wait. */
  readonly since: number;
  readonly looks: number;
  /** Bytes of its files at the last look. */
  readonly received: number;
}

/** Output of *Poll batch* and input of *Batch ended?*. */
export interface PolledContext extends BatchContext {
  readonly phase: 'running' | 'ended' | 'overdue';
  /** The provider no longer has the batch, as far as can be checked. It is collected as a batch without answers. */
  readonly gone?: boolean;
  /** The provider's status, verbatim, or `not found`. It is only shown to people. */
  readonly status: string;
  readonly succeeded?: number;
  readonly total?: number;
}

/** The input of a failed state, with the error that a Catch adds. */
export type Caught<Context> = Context & { readonly error: CaughtError };

/** Input of *Collect results*: a batch that ended, rows that were sent direct, or a shard whose earlier step failed. */
export type CollectContext = (PolledContext | SentContext | Caught<ShardContext>) & {
  /** Number of calls so far that ran short of time. */
  readonly collects?: number;
};

/**
 * Output of *Collect results* when it ran short of time, and its next input. The bucket has the position at which it continues.
 */
export type CollectingContext = CollectContext & { readonly next: 'collect'; readonly collects: number };

/**
 * Output of *Collect results* and input of *Rows to retry?*. With `retry`, also the input of *Wait before retry* and *Upload
 * file*.
 */
export interface CollectedContext extends ShardContext {
  readonly next: 'retry' | 'done' | 'stop' | 'look';
  readonly waitSeconds: number;
}

/**
 * Output of *Collect results* with `look`, for *Wait for batch* and *Poll batch*: the batch shows less output than it promised.
 */
export interface LookContext extends BatchContext {
  readonly next: 'look';
}

/** Input of *Write results*. */
export type WriteContext = JobInput & { readonly error?: CaughtError; readonly writing?: number };

/** Output of *Write results* when it ran short of time, and its next input. */
export interface WritingContext extends JobInput {
  readonly error?: CaughtError;
  /** When its first call began, in milliseconds since 1970; identifies the parts that it has joined. */
  readonly writing: number;
}

/** Output of *Write results*; input of *Announce job* and *Job ok?*; output of the state machine. */
export interface WrittenContext {
  readonly jobId: string;
  readonly status: Summary['status'];
  readonly counts: Summary['counts'];
  readonly summary: string;
  /** Only with status `failed`: the error and cause that the Fail state reports. */
  readonly failure?: Required<CaughtError>;
}

/** Output of *Write results*; if it failed, its input with the error. */
export type JobEnd =
  | WrittenContext
  | (JobInput & { readonly failure: CaughtError; readonly status?: undefined });

/**
 * Input of *Announce job* and *Announce wait*, and, after they failed, of *Record failed announcement* and *Record unannounced
 * wait*. Their output is not used.
 */
export type AnnounceContext = (AnnouncedEnd | AnnouncedWait) & {
  /** Why the announcement failed; then it is only logged. */
  readonly unannounced?: CaughtError;
};

/** The end of a job. `execution` is the execution's name, because a resumed job ends, and is announced, again. */
export interface AnnouncedEnd {
  readonly execution: string;
  readonly end: JobEnd;
}

/** A job that begins to wait for an approval. */
export interface AnnouncedWait {
  readonly execution: string;
  readonly waits: WaitingContext & Required<Pick<WaitingContext, 'asks'>>;
}
