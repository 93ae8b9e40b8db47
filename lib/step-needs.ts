/** The needs of one step. Key patterns are those of the bucket's layout (`src/checkpoints/keys.ts`). */
export interface StepNeeds {
  /** Lambda memory. 1,769 MiB is one vCPU; 256 is enough for steps that only wait for an answer. */
  readonly memoryMib: number;
  readonly timeoutMinutes: number;
  /** Scratch space in /tmp; Lambda's default is 512 MiB. */
  readonly scratchGib?: number;
  /** Calls the provider, so it may read the key. */
  readonly provider?: true;
  /** Has the configuration beside its code. */
  readonly knowsConfig?: true;
  /** May start executions and see their status. */
  readonly startsJobs?: true;
  /** May also stop executions. */
  readonly stopsJobs?: true;
  /** Announces jobs' ends: by an event, and by the webhook if one is configured. */
  readonly announces?: true;
  /** Key patterns of objects that it reads. */
  readonly reads?: readonly string[];
  /** Reads specific versions of dropped files. */
  readonly readsVersions?: readonly string[];
  /** Writes small objects. */
  readonly puts?: readonly string[];
  /** Writes large objects in parts, and aborts the upload on failure. */
  readonly streams?: readonly string[];
  readonly deletes?: readonly string[];
}
