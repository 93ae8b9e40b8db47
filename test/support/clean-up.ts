import { afterAll, vi } from 'vitest';

// Test files share a process, so a change of the process in one file must not affect the next file.
afterAll(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});
