import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    tags: [
      {
        name: 'exhaustive',
        description:
          'Left out of `npm test`: seconds of work for more of what a quick test shows on an example.',
      },
    ],
    // Files share a process, so that each module is loaded, and each stack synthesized, once and not once per file.
    isolate: false,
    // Vitest would leave a core to itself, which it hardly uses.
    maxWorkers: '100%',
    setupFiles: ['test/support/clean-up.ts'],
    // Whole jobs and bundling take seconds on two busy cores; a hang must still end.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
