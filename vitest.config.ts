import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Whole jobs and bundling take seconds on two busy cores; a hang must still end.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
