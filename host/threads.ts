/**
 * Limits of a thread's heap, in megabytes. The young generation has three times the 2 MB of the Lambdas (`lib/node-flags.ts`):
 * without this limit, each thread that reads and writes rows takes more than 100 MB more, and is no faster. With an old generation
 * of 2,048 MB or more, V8 lets the heap grow to four times what is in use before it collects garbage; below that, to twice.
 */
export const HEAP_LIMITS = { maxYoungGenerationSizeMb: 6, maxOldGenerationSizeMb: 2_000 } as const;

const isClone = import.meta.url.endsWith('.ts');

/** The modules of threads. They are beside this file, in a clone and in the package. */
export const STEP_WORKER = new URL(isClone ? './step-worker.ts' : './step-worker.js', import.meta.url);
export const SIMULATOR_WORKER = new URL(
  isClone ? './simulator-worker.ts' : './simulator-worker.js',
  import.meta.url,
);
