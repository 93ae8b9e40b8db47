import type { JobInput } from '../contract.ts';

/** State-machine executions. Adapters: Step Functions (`sfn-executions.ts`) and the local host. */
export interface Executions {
  /**
   * Starts an execution under a name that is used at most once. `started`: it is running now, or was already running with the
   * same input. `taken`: the name was used before.
   */
  start(name: string, input: JobInput): Promise<'started' | 'taken'>;
  /** Returns whether an execution is running or has ended; `undefined` if no execution has this name. */
  look(name: string): Promise<'running' | 'ended' | undefined>;
  /** Ends a running execution as `ABORTED`; does nothing for one that has ended. */
  stop(name: string, cause: string): Promise<void>;
}

/** Most executions of one job. After that no further execution starts. */
const MAX_EXECUTIONS = 100;

/** One of a job's executions: the first has the job's own name, the others are numbered from 2. */
export interface Execution {
  readonly name: string;
  readonly nth: number;
}

/** `<jobId>`, `<jobId>-r2`, `<jobId>-r3`, … */
export function nthExecution(jobId: string, nth: number): Execution {
  return { name: nth === 1 ? jobId : `${jobId}-r${nth}`, nth };
}

/** Reads the job and the number of an execution from its name. */
export function readExecutionName(name: string): Execution & { readonly jobId: string } {
  const [, jobId = name, nth = '1'] = /^(.*)-r(\d{1,3})$/.exec(name) ?? [];
  return { name, jobId, nth: Number(nth) };
}

/** A job's last execution and whether it is running; `undefined` if the job has none. */
export async function lastExecution(
  executions: Executions,
  jobId: string,
): Promise<(Execution & { readonly running: boolean }) | undefined> {
  let last: (Execution & { readonly running: boolean }) | undefined;
  for (let nth = 1; nth <= MAX_EXECUTIONS; nth += 1) {
    const execution = nthExecution(jobId, nth);
    const found = await executions.look(execution.name);
    if (found === undefined) return last;
    last = { ...execution, running: found === 'running' };
  }
  return last;
}

/** Starts a job's next execution, unless one is running. Returns the name of the running execution. */
export async function startExecution(executions: Executions, jobId: string): Promise<string> {
  for (let nth = 1; nth <= MAX_EXECUTIONS; nth += 1) {
    const { name } = nthExecution(jobId, nth);
    if ((await executions.start(name, { jobId })) === 'started') return name;
  }
  throw new Error(
    `Job ${jobId} was started ${MAX_EXECUTIONS} times; drop its input again to make a new job.`,
  );
}
