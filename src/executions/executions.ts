import type { JobInput } from '../contract.ts';

/** State-machine executions. Adapters: Step Functions (`sfn-executions.ts`) and the local host. */
export interface Executions {
  /**
   * Starts an execution under a name that is used at most once.
   * `started`: it runs now, or was already running with this very input. `taken`: the name is used up.
   */
  start(name: string, input: JobInput): Promise<'started' | 'taken'>;
  /** Whether an execution runs or has ended; `undefined` when none has this name. */
  look(name: string): Promise<'running' | 'ended' | undefined>;
  /** Ends a running execution as `ABORTED`; nothing happens to one that has ended. */
  stop(name: string, cause: string): Promise<void>;
}

/** A job that was started this often is not started any more: its execution names are used up. */
const MAX_EXECUTIONS = 100;

/** One of a job's executions: the first has the job's own name, the others count from 2. */
export interface Execution {
  readonly name: string;
  readonly nth: number;
}

/** `<jobId>`, `<jobId>-r2`, `<jobId>-r3`, … */
export function nthExecution(jobId: string, nth: number): Execution {
  return { name: nth === 1 ? jobId : `${jobId}-r${nth}`, nth };
}

/** The job an execution's name belongs to, and which of its executions it is. */
export function readExecutionName(name: string): Execution & { readonly jobId: string } {
  const [, jobId = name, nth = '1'] = /^(.*)-r(\d{1,3})$/.exec(name) ?? [];
  return { name, jobId, nth: Number(nth) };
}

/** A job's last execution and whether it runs; `undefined` when the job has none. */
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

/** Starts a job's next execution, or answers for the one that runs already. Returns its name. */
export async function startExecution(executions: Executions, jobId: string): Promise<string> {
  for (let nth = 1; nth <= MAX_EXECUTIONS; nth += 1) {
    const { name } = nthExecution(jobId, nth);
    if ((await executions.start(name, { jobId })) === 'started') return name;
  }
  throw new Error(
    `Job ${jobId} was started ${MAX_EXECUTIONS} times; drop its input again to make a new job.`,
  );
}
