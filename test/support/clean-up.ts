import { afterAll, vi } from 'vitest';

// Test files share a process: what one of them changed in it must not reach the next one.
afterAll(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});
