/**
 * Limits of a thread's heap, in megabytes. The young generation has three times the 4 MB of the Lambdas (`lib/node-flags.ts`): without
 * it, threads that read and write rows keep more than 100 MB of them each, and are no faster. The old generation is just below the
 * limit at which V8 collects garbage only once the heap has grown to four times what is in use, instead of twice.
 */
export const HEAP_LIMITS = { maxYoungGenerationSizeMb: 12, maxOldGenerationSizeMb: 2_000 } as const;

const isClone = import.meta.url.endsWith('.ts');

/** The modules of threads, which are beside this file in a clone and in the package. */
export const STEP_WORKER = new URL(isClone ? './step-worker.ts' : './step-worker.js', import.meta.url);
export const SIMULATOR_WORKER = new URL(
  isClone ? './simulator-worker.ts' : './simulator-worker.js',
  import.meta.url,
);
