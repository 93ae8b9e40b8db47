import type { EngineEvent } from '../host/engine-events.ts';
import { planObject } from '../src/checkpoints/plan.ts';
import type { ObjectStore } from '../src/store/object-store.ts';
import { readingNotices } from './view/reading-notices.ts';

/** Prints how the files of a job were read. */
export interface ReadingProgress {
  readonly onEvent: (event: EngineEvent) => void;
  /**
   * Waits for pending output.
   * @returns true if the notices were printed
   */
  printed(): Promise<boolean>;
}

/** Prints the notices as soon as the requests are built, so that a person can stop a job that was read wrongly. */
export function tellReading(store: ObjectStore, print: (line: string) => void): ReadingProgress {
  let printing: Promise<boolean> | undefined;
  const printNotices = async (jobId: string): Promise<boolean> => {
    const plan = await planObject.read(store, jobId);
    for (const notice of readingNotices(plan?.inputs ?? [])) print(notice);
    return plan?.inputs !== undefined;
  };
  return {
    onEvent({ type, state, output }) {
      if (type !== 'StateExited' || state !== 'Build requests') return;
      const { jobId, toRun } = output as { readonly jobId?: string; readonly toRun?: object };
      if (jobId !== undefined && toRun !== undefined) printing ??= printNotices(jobId).catch(() => false);
    },
    printed: async () => (await printing) ?? false,
  };
}
