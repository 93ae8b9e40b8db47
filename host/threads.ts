/**
 * Megabytes of the young generation of a thread's heap: three times the 4 MB of the Lambdas (`lib/node-flags.ts`). Without this
 * limit, each thread that reads and writes rows takes more than 100 MB more, and is no faster.
 */
export const YOUNG_GENERATION = { maxYoungGenerationSizeMb: 12 } as const;

const isClone = import.meta.url.endsWith('.ts');

/** The modules of threads. They are beside this file, in a clone and in the package. */
export const STEP_WORKER = new URL(isClone ? './step-worker.ts' : './step-worker.js', import.meta.url);
export const SIMULATOR_WORKER = new URL(
  isClone ? './simulator-worker.ts' : './simulator-worker.js',
  import.meta.url,
);
