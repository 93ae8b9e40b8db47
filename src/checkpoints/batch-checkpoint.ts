/** `round-<r>.batch.json`. Seconds since 1970. */
export interface BatchCheckpoint {
  readonly batchId: string;
  readonly createdAt: number;
  readonly deadline: number;
}
