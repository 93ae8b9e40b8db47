import type { ObjectStore } from '../src/store/object-store.ts';
import type { EngineEvent } from '../host/engine-events.ts';
import { printable } from '../src/printable.ts';
import { createProgress } from './progress.ts';
import { isLive } from './view/is-live.ts';

/** The display of a job that this process runs. */
export interface RunProgress {
  readonly onEvent: (event: EngineEvent) => void;
  /** Called when the job starts. */
  begin(jobId: string): void;
  /** Called when the job has ended or was left; the last output stays. */
  end(): Promise<void>;
}

interface Shown {
  readonly json?: true | undefined;
  readonly verbose?: true | undefined;
  /** The data folder. */
  readonly data: string;
}

/** In place on a terminal, otherwise one line per step: log lines would break output that is updated in place. */
export async function openProgress(
  store: ObjectStore,
  { json, verbose, data }: Shown,
  print: (line: string) => void,
): Promise<RunProgress> {
  const where = { options: ` --data ${printable(data)}`, locate: (key: string) => store.locate(key) };
  if (json || verbose || !isLive(process.stdout, process.env)) {
    return { onEvent: createProgress(print, where), begin: () => undefined, end: () => Promise.resolve() };
  }
  const { openLiveProgress } = await import('./live-progress.ts');
  return openLiveProgress(store, process.stdout, where);
}
