import type { LateOutput, ShardContext } from '../../../contract.ts';
import type { Failure } from '../../../errors.ts';

/** The round to collect: its batch, or the reason for having none. */
export interface Round extends ShardContext {
  readonly round: number;
  readonly lastRound: number;
  readonly batchId?: string;
  readonly createdAt?: number;
  /** Seconds since the create, as the polls count them. */
  readonly age?: number;
  /** The uploaded file of the batch. */
  readonly fileId?: string;
  /** Set if the polls found that the provider no longer has the batch. */
  readonly gone?: boolean;
  /** The age of the batch when it was cancelled; absent if it was not. */
  readonly cancelledAt?: number;
  readonly cancelledAge?: number;
  /** After this time the batch is cancelled. */
  readonly deadline?: number;
  /** Set if rows sent direct were denied because of the account. */
  readonly denied?: Failure;
  /** Set if earlier looks found less than the batch promised. */
  readonly late?: LateOutput;
  /** Set if the provider rejected the round's file or batch. */
  readonly rejection?: Failure | undefined;
  /** Set if the round was not sent because of a failure for which its rows go up the ladder. */
  readonly gaveUp?: Failure | undefined;
  /** Set if the provider had no room for the round, or lost its file: the rows go to the next round unchanged. */
  readonly givenBack?: Failure | undefined;
}
