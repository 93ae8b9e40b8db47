import { setTimeout as sleep } from 'node:timers/promises';
import { readDetails } from '../src/status/job-status.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { createProgress, createTroubles, type RunProgress, type Where } from './progress.ts';
import { createFolderExecutions } from './targets/folder-executions.ts';
import type { Screen } from './view/is-live.ts';
import { createLiveView } from './view/view.ts';

/** Shortest time between two reads of the job, in milliseconds. A large job has a thousand steps per second. */
const REST_MS = 250;

/** Shows the progress of a job in a data folder in place, with notes above it. */
export function openLiveProgress(store: ObjectStore, screen: Screen, where: Where): RunProgress {
  const view = createLiveView(screen, where.options);
  const executions = createFolderExecutions(store, () => Promise.resolve(true));
  let jobId: string | undefined;
  let looking: Promise<void> | undefined;
  let ended = false;
  const look = async (): Promise<void> => {
    const details = jobId === undefined ? undefined : await readDetails({ store, executions }, jobId);
    if (details !== undefined) view.show(details);
  };
  // One read at a time: steps that happen meanwhile are seen by the next read, or by the last one.
  const lookSoon = (): void => {
    looking ??= look()
      .then(() => sleep(ended ? 0 : REST_MS, undefined, { ref: false }))
      .finally(() => (looking = undefined));
    looking.catch(() => undefined);
  };
  const options = { ...where, hasSummary: true };
  const troubles = createTroubles((line) => view.note(line), options);
  const afterwards = createProgress((line) => view.note(line), options);
  return {
    onEvent(event) {
      (ended ? afterwards : troubles)(event);
      if (!ended) lookSoon();
    },
    begin(id) {
      jobId = id;
      lookSoon();
    },
    note: (line) => view.note(line),
    async end() {
      ended = true;
      await look().catch(() => undefined);
      view.end();
    },
  };
}
