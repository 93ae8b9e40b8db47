import { setTimeout as sleep } from 'node:timers/promises';
import { readDetails } from '../src/status/job-status.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import type { EngineEvent } from '../host/engine.ts';
import { createFolderExecutions } from './targets/folder-executions.ts';
import { createProgress, createTroubles } from './progress.ts';
import { createLiveView, isLive, type View } from './view/view.ts';

/** What is seen of a job that this process runs. */
export interface RunProgress {
  readonly onEvent: (event: EngineEvent) => void;
  /** The job runs from now on. */
  begin(jobId: string): void;
  /** It has ended, or was left: what is seen stays. */
  end(): Promise<void>;
}

interface Shown {
  readonly json?: true | undefined;
  readonly verbose?: true | undefined;
}

/** In place on a terminal, else a line per step; log lines would tear what is drawn in place. */
export function openProgress(
  store: ObjectStore,
  { json, verbose }: Shown,
  print: (line: string) => void,
): RunProgress {
  if (json || verbose || !isLive(process.stdout, process.env)) {
    return { onEvent: createProgress(print), begin: () => undefined, end: () => Promise.resolve() };
  }
  return openLiveProgress(store, createLiveView(process.stdout));
}

/** Shortest time between two looks at the job, in milliseconds: a large one has a thousand steps a second. */
const REST_MS = 250;

function openLiveProgress(store: ObjectStore, view: View): RunProgress {
  const executions = createFolderExecutions(store, () => Promise.resolve(true));
  let jobId: string | undefined;
  let looking: Promise<void> | undefined;
  let ended = false;
  const look = async (): Promise<void> => {
    const details = jobId === undefined ? undefined : await readDetails({ store, executions }, jobId);
    if (details !== undefined) view.show(details);
  };
  // One look at a time: steps that happen meanwhile are seen by the next step's, or the last one.
  const lookSoon = (): void => {
    looking ??= look()
      .then(() => sleep(ended ? 0 : REST_MS, undefined, { ref: false }))
      .finally(() => (looking = undefined));
    looking.catch(() => undefined);
  };
  const troubles = createTroubles((line) => view.note(line));
  const afterwards = createProgress((line) => view.note(line));
  return {
    onEvent(event) {
      (ended ? afterwards : troubles)(event);
      if (!ended) lookSoon();
    },
    begin(id) {
      jobId = id;
      lookSoon();
    },
    async end() {
      ended = true;
      await look().catch(() => undefined);
      view.end();
    },
  };
}
