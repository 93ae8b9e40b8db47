import type { LateOutput, ShardContext } from '../../contract.ts';
import type { Failure } from '../../errors.ts';

/** The round to collect: its batch, or the reason for having none. */
export interface Round extends ShardContext {
  readonly round: number;
  readonly lastRound: number;
  readonly batchId?: string;
  readonly createdAt?: number;
  /** Seconds since the create, as the polls count them. */
  readonly age?: number;
  /** What it was created from. */
  readonly fileId?: string;
  /** The provider no longer has the batch, as its polls found. */
  readonly gone?: boolean;
  /** Set when the batch was cancelled, and its age then. */
  readonly cancelledAt?: number;
  readonly cancelledAge?: number;
  /** Past this the batch is cancelled, because its time is over. */
  readonly deadline?: number;
  /** Rows were sent direct until so many were denied that it is the account. */
  readonly denied?: Failure;
  /** Earlier looks found less than the batch promised. */
  readonly late?: LateOutput;
  /** The provider refused the round's file or batch. */
  readonly rejection?: Failure | undefined;
  /** The provider gave up, and the rows go up a ladder: the round was not sent. */
  readonly gaveUp?: Failure | undefined;
  /** The provider had no room for it, or lost its file: the rows go to the next round as if nothing had been. */
  readonly givenBack?: Failure | undefined;
}
