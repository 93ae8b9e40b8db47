import type { ObjectStore } from '../src/store/object-store.ts';
import { printable } from '../src/text/printable.ts';
import { createProgress, type RunProgress } from './progress.ts';
import { isLive } from './view/is-live.ts';

interface Shown {
  readonly json?: true | undefined;
  readonly verbose?: true | undefined;
  /** The data folder. */
  readonly data: string;
}

/**
 * Opens the display: in place on a terminal, otherwise one line per step. Log lines would break output that is updated in place.
 */
export async function openProgress(
  store: ObjectStore,
  { json, verbose, data }: Shown,
  print: (line: string) => void,
): Promise<RunProgress> {
  const where = { options: ` --data ${printable(data)}`, locate: (key: string) => store.locate(key) };
  if (json || verbose || !isLive(process.stdout, process.env)) {
    // Without --json, the summary that is printed at the end has the error of a build.
    const onEvent = createProgress(print, { ...where, hasSummary: json !== true });
    return { onEvent, begin: () => undefined, note: print, end: () => Promise.resolve() };
  }
  const { openLiveProgress } = await import('./live-progress.ts');
  return openLiveProgress(store, process.stdout, where);
}
