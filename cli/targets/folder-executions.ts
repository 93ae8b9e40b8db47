import { access } from 'node:fs/promises';
import type { Executions } from '../../src/executions/executions.ts';
import { readExecutionName } from '../../src/executions/executions.ts';
import { summaryKey } from '../../src/checkpoints/keys.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { holderOf } from '../../host/lock.ts';

/**
 * Executions of a data folder as seen from outside: jobs are running while a process works there, and a job with a summary has
 * ended. This object cannot start or stop jobs.
 * @param isBusy returns true if a process works in the folder
 */
export function createFolderExecutions(store: ObjectStore, isBusy: () => Promise<boolean>): Executions {
  const reject = (): Promise<never> =>
    Promise.reject(new Error('Jobs of a data folder are started and stopped by the process that runs them.'));
  return {
    start: reject,
    stop: reject,
    async look(name) {
      const { jobId, nth } = readExecutionName(name);
      if (nth > 1) return undefined;
      if ((await store.stat(summaryKey(jobId))) !== undefined) return 'ended';
      return (await isBusy()) ? 'running' : undefined;
    },
  };
}

/** True if a process, `nightshift run` or `nightshift local`, works with the data folder. */
export async function isFolderBusy(folder: string): Promise<boolean> {
  return (await holderOf(folder)) !== undefined;
}

export async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
