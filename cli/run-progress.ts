import type { ObjectStore } from '../src/store/object-store.ts';
import type { EngineEvent } from '../host/engine-events.ts';
import { createProgress } from './progress.ts';
import { isLive } from './view/is-live.ts';

/** The display of a job that this process runs. */
export interface RunProgress {
  readonly onEvent: (event: EngineEvent) => void;
  /** Called when the job starts. */
  begin(jobId: string): void;
  /** Prints a line that stays. */
  note(line: string): void;
  /** It has ended, or was left: what is seen stays. */
  end(): Promise<void>;
}

interface Shown {
  readonly json?: true | undefined;
  readonly verbose?: true | undefined;
}

/** In place on a terminal, otherwise one line per step: log lines would break output that is updated in place. */
export async function openProgress(
  store: ObjectStore,
  { json, verbose }: Shown,
  print: (line: string) => void,
): Promise<RunProgress> {
  if (json || verbose || !isLive(process.stdout, process.env)) {
    // Without --json, the summary that is printed at the end has the error of a build.
    const onEvent = createProgress(print, { hasSummary: json !== true });
    return { onEvent, begin: () => undefined, note: print, end: () => Promise.resolve() };
  }
  const { openLiveProgress } = await import('./live-progress.ts');
  return openLiveProgress(store, process.stdout);
}
