import { expect, test } from 'vitest';
import { createProgress, createTroubles } from '../../cli/progress.ts';

test('a step that was caught tells its error and claims nothing more', () => {
  const lines: string[] = [];
  const tell = createProgress((line) => void lines.push(line));
  const event = { execution: 'job', state: 'Build requests', input: { jobId: 'job' }, output: undefined };

  tell({ ...event, type: 'StateCaught', error: 'InvalidInput: it is empty' });
  tell({ ...event, type: 'StateExited', output: { error: { Error: 'InvalidInput' } }, error: undefined });

  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('Build requests: InvalidInput: it is empty');
});

test('beside what is drawn in place, only what goes wrong is told', () => {
  const lines: string[] = [];
  const tell = createTroubles((line) => void lines.push(line));
  const event = { execution: 'job', input: { jobId: 'job', shard: 3 }, output: {}, error: undefined };

  tell({ ...event, type: 'StateExited', state: 'Upload file' });
  tell({ ...event, type: 'StateRetried', state: 'Create batch', error: 'ProviderThrottled: slow down' });

  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('shard 3 · Create batch: ProviderThrottled: slow down, trying again');
});
