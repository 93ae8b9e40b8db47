import type { CaughtError, Failure } from './errors.ts';
import type { ShardStep } from './checkpoints/collected.ts';
import type { WithoutPilot } from './checkpoints/pilot.ts';
import type { ShardPlan } from './checkpoints/plan.ts';
import type { Summary } from './checkpoints/summary.ts';
import type { PollLimits } from './checkpoints/profile.ts';
import type { ProviderSettings } from './provider/batch-provider.ts';

/**
 * The payload of every hop of the state machine, in the order of the hops. Small on purpose: ids, keys and
 * counters; rows never enter the state. Times are seconds since 1970; waits are whole seconds.
 */

/** Into the machine and into *Build requests*. Canonical: the same job always starts with the same bytes. */
export interface JobInput {
  readonly jobId: string;
}

/** Out of *Build requests* that ran short of time, and into it again. Where it goes on is in the bucket. */
export interface BuildingContext extends JobInput {
  /** So far; for people. */
  readonly building: { readonly rows: number; readonly shards: number };
}

/** Into *Build requests*: at the job's start, and again after its pilot and while it waits for an approval. */
export interface BuildContext extends JobInput {
  readonly pilot?: true;
  readonly waiting?: WaitingContext['waiting'];
}

/** Out of *Build requests* while a person has to approve the job, into *Wait for approval*, and into *Build requests* again. */
export interface WaitingContext extends JobInput {
  /** When the wait began. */
  readonly waiting: { readonly since: number };
  readonly waitSeconds: number;
  /** Set when the wait begins, and announced then: until when it lasts, ISO 8601, and the keys of the pilot's results and page. */
  readonly asks?: { readonly until: string; readonly results: string; readonly report?: string };
}

/** Out of *Build requests*, into *For each shard*. */
export interface JobContext {
  readonly jobId: string;
  /** The shards are those of the job's pilot: *Build requests* says what follows. */
  readonly pilot?: true;
  /** The job has too few rows for the pilot of its profile. */
  readonly withoutPilot?: WithoutPilot;
  /** Shards that still have work: finished ones are left out, so a resume costs nothing for them. */
  readonly toRun: {
    readonly shards: number;
    /** Of the list of them, the items of the map (`src/checkpoints/to-run.ts`): too long to cross the state. */
    readonly key: string;
  };
  readonly provider: ProviderSettings;
  readonly polling: PollLimits;
}

/** Into *Upload file*, as the map's item selector makes it; after a retry the same, with the round to run. */
export interface ShardContext {
  readonly jobId: string;
  readonly shard: number;
  /** What the plan says of it, so that no step of a shard reads the whole plan. */
  readonly planned?: ShardPlan;
  readonly provider: ProviderSettings;
  readonly polling: PollLimits;
  /** Absent at the start: *Upload file* finds the round from the checkpoints. */
  readonly round?: number;
  readonly lastRound?: number;
  /** Set while the provider may have more batches of the shard's rows than the one of its round. */
  readonly doubt?: true;
  /** The step of the ladder; absent for the first one. */
  readonly step?: ShardStep | undefined;
  /** Events that the rounds before this one have put into the execution's history, more or less. */
  readonly spentEvents?: number;
}

/** Out of *Upload file*, into *Create batch*. */
export interface UploadedContext extends ShardContext {
  readonly round: number;
  readonly lastRound: number;
  readonly fileId: string;
}

/** Out of *Upload file* when the round is sent direct; into *Send direct*. */
export interface DirectContext extends ShardContext {
  readonly round: number;
  readonly lastRound: number;
  readonly direct: true;
  readonly createdAt: number;
  /** Passes of *Send direct* so far. */
  readonly polls: number;
  /** Passes in a row that brought no answer. */
  readonly stalled: number;
}

/** Out of *Send direct*, into *All sent?*. */
export interface SentContext extends DirectContext {
  readonly phase: 'running' | 'ended';
  readonly waitSeconds: number;
  /** Rows of the round that are answered. */
  readonly answered: number;
  /** The account was denied: no further row is sent. */
  readonly denied?: Failure;
}

/** Out of *Create batch*, into *Wait for batch* and *Poll batch*. */
export interface BatchContext extends UploadedContext {
  readonly batchId: string;
  readonly createdAt: number;
  /** Past this the batch is `overdue`: it is cancelled and what it finished is harvested. */
  readonly deadline: number;
  readonly waitSeconds: number;
  /** When *Poll batch* is due; a poll that comes later tells by how much. */
  readonly nextPollAt: number;
  readonly polls: number;
  /** Seconds since the create, as the waits and our clock have it: a clock that jumps does not count. */
  readonly age?: number;
  /** When the batch was last looked at, or created. */
  readonly lookedAt?: number;
  /** Polls in a row that found no such batch. */
  readonly notFound: number;
  /** Seconds since the first of them. */
  readonly missedSeconds?: number;
  /** Seconds for which each of them also found that the complete list does not have the batch. */
  readonly absentSeconds?: number;
  /** Set once *Cancel batch* has run. */
  readonly cancelledAt?: number;
  /** The batch's `age` then. */
  readonly cancelledAge?: number;
  /** Cancels in a row that the provider did not take. */
  readonly cancelFailures?: number;
  /** Seconds until a batch that runs on is cancelled again. */
  readonly cancelInSeconds?: number;
  /** Set while the batch has ended and shows less than it promised: *Collect results* looks again. */
  readonly late?: LateOutput;
}

/** Looks at an ended batch that found less than it promised. */
export interface LateOutput {
  /** The batch's `age` at the first of them: a clock that jumps neither shortens nor lengthens the wait. */
  readonly since: number;
  readonly looks: number;
  /** Bytes of its files at the last of them. */
  readonly received: number;
}

/** Out of *Poll batch*, into *Batch ended?*. */
export interface PolledContext extends BatchContext {
  readonly phase: 'running' | 'ended' | 'overdue';
  /** The provider does not have the batch any more, by all that can be seen: it is collected as one without answers. */
  readonly gone?: boolean;
  /** The provider's string, verbatim, or `not found`. For people. */
  readonly status: string;
  readonly succeeded?: number;
  readonly total?: number;
}

/** What a Catch adds to whatever went into the failed state. */
export type Caught<Context> = Context & { readonly error: CaughtError };

/** Into *Collect results*: a batch that ended, rows that were sent, or a shard on which a step before it gave up. */
export type CollectContext = (PolledContext | SentContext | Caught<ShardContext>) & {
  /** Calls that ran short of time so far. */
  readonly collects?: number;
};

/** Out of *Collect results* that ran short of time, and into it again. Where it goes on is in the bucket. */
export type CollectingContext = CollectContext & { readonly next: 'collect'; readonly collects: number };

/** Out of *Collect results*, into *Rows to retry?*. With `retry`, also into *Wait before retry* and *Upload file*. */
export interface CollectedContext extends ShardContext {
  readonly next: 'retry' | 'done' | 'stop' | 'look';
  readonly waitSeconds: number;
}

/** Out of *Collect results* with `look`, into *Wait for batch* and *Poll batch*: the batch shows less than it promised. */
export interface LookContext extends BatchContext {
  readonly next: 'look';
}

/** Into *Write results*. */
export type WriteContext = JobInput & { readonly error?: CaughtError; readonly writing?: number };

/** Out of *Write results* that ran short of time, and into it again. */
export interface WritingContext extends JobInput {
  readonly error?: CaughtError;
  /** When its first call began, in milliseconds since 1970: what it has joined is kept by that. */
  readonly writing: number;
}

/** Out of *Write results*, into *Announce job* and *Job ok?*; the state machine's output. */
export interface WrittenContext {
  readonly jobId: string;
  readonly status: Summary['status'];
  readonly counts: Summary['counts'];
  readonly summary: string;
  /** With status `failed`: what the Fail state reports. */
  readonly failure?: Required<CaughtError>;
}

/** What came out of *Write results*; when it failed, what went in, and why. */
export type JobEnd =
  | WrittenContext
  | (JobInput & { readonly failure: CaughtError; readonly status?: undefined });

/**
 * Into *Announce job* and *Announce wait*, and into *Record failed announcement* and *Record unannounced wait* when those gave up.
 * Nothing of what comes out goes on.
 */
export type AnnounceContext = (AnnouncedEnd | AnnouncedWait) & {
  /** Why the announcement failed; then it is only logged. */
  readonly unannounced?: CaughtError;
};

/** The end of a job. `execution` is the execution's name: a job that is resumed ends, and is announced, once more. */
export interface AnnouncedEnd {
  readonly execution: string;
  readonly end: JobEnd;
}

/** A job that begins to wait for an approval. */
export interface AnnouncedWait {
  readonly execution: string;
  readonly waits: WaitingContext & Required<Pick<WaitingContext, 'asks'>>;
}
