/**
 * What Node is started with. Young objects have 4 MiB instead of 16, which every step does with just as fast: a collect of
 * 1,000,000 rows takes 199 MB instead of 311 (docs/performance.md).
 */
export const NODE_FLAGS = ['--enable-source-maps', '--max-semi-space-size=4'];
