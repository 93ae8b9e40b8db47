import type { JobInput } from '../contract.ts';

/** Starts state-machine executions. Adapters: Step Functions (`sfn-executions.ts`) and the local host. */
export interface Executions {
  /**
   * Starts an execution under a name that is used at most once.
   * `started`: it runs now, or was already running with this very input. `taken`: the name is used up.
   */
  start(name: string, input: JobInput): Promise<'started' | 'taken'>;
}
