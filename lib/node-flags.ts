/**
 * Limits the young generation to 2 MiB instead of 16, so that the chunks of files are freed in time. V8 collects young objects when
 * their buffers hold twice this size, and begins to collect all objects when buffers have grown by about 8 MiB. With 4 MiB, both
 * limits were the same, and a collect of 10,000 vectors collected all objects 35 times instead of once, which took a fifth of its CPU
 * time. No step is slower with 2 MiB. A collect of 1,000,000 rows took 311 MB with 16 MiB, and 199 MB with 4.
 */
export const NODE_FLAGS = ['--enable-source-maps', '--max-semi-space-size=2'];

/** Share of memory for buffers outside the heap (three parts of 8 MiB at the store), and for Node itself. */
const BESIDE_THE_HEAP = 0.25;

/**
 * NODE_OPTIONS for a function with this much memory. Lambda limits the heap only if NODE_OPTIONS is not set, so the limit is set
 * here: otherwise the heap could grow beyond the function's memory, and the function would be killed.
 */
export function nodeOptions(memoryMib: number): string {
  return [...NODE_FLAGS, `--max-old-space-size=${Math.floor(memoryMib * (1 - BESIDE_THE_HEAP))}`].join(' ');
}
