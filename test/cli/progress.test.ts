import { expect, test } from 'vitest';
import { createProgress, createTroubles } from '../../cli/progress.ts';

test('a step with a caught error shows the error and no success', () => {
  const lines: string[] = [];
  const tell = createProgress((line) => void lines.push(line));
  const event = { execution: 'job', state: 'Build requests', input: { jobId: 'job' }, output: undefined };

  tell({ ...event, type: 'StateCaught', error: 'InvalidInput: it is empty' });
  tell({ ...event, type: 'StateExited', output: { error: { Error: 'InvalidInput' } }, error: undefined });

  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('Build requests: InvalidInput: it is empty');
});

test('the error of a build is not printed if the summary shows it; other errors are printed', () => {
  const lines: string[] = [];
  const where = { options: '', locate: (key: string) => key, hasSummary: true };
  const tell = createProgress((line) => void lines.push(line), where);
  const event = { execution: 'job', input: { jobId: 'job' }, output: undefined, type: 'StateCaught' };

  tell({ ...event, state: 'Build requests', error: 'InvalidInput: it is empty' });
  tell({ ...event, state: 'Upload file', error: 'ProviderDenied: no credit' });

  expect(lines).toEqual([expect.stringContaining('Upload file: ProviderDenied: no credit')]);
});

test('the line of a collect has the number of its round, also if another round follows', () => {
  const lines: string[] = [];
  const tell = createProgress((line) => void lines.push(line));
  const event = { execution: 'job', type: 'StateExited', state: 'Collect results', error: undefined };

  tell({
    ...event,
    input: { jobId: 'job', shard: 0, round: 1 },
    output: { jobId: 'job', shard: 0, round: 2, next: 'retry', waitSeconds: 4 },
  });
  tell({
    ...event,
    input: { jobId: 'job', shard: 0, round: 2 },
    output: { jobId: 'job', shard: 0, round: 2 },
  });

  expect(lines).toEqual(['Collect results  rows to retry: round 2 in 4 s', 'round 2 · Collect results']);
});

test('a build in slices shows how many slices are read and built next', () => {
  const lines: string[] = [];
  const tell = createProgress((line) => void lines.push(line));
  const event = { execution: 'job', type: 'StateExited', state: 'Build requests', error: undefined };
  const leave = (phase: string, count: number): void =>
    tell({ ...event, input: { jobId: 'job' }, output: { jobId: 'job', slices: { phase, count, key: 'k' } } });

  leave('note', 5);
  leave('build', 1);

  expect(lines).toEqual(['Build requests   5 slices to read', 'Build requests   1 slice to build']);
});

test('beside the progress frame, only failures are printed', () => {
  const lines: string[] = [];
  const tell = createTroubles((line) => void lines.push(line));
  const event = { execution: 'job', input: { jobId: 'job', shard: 3 }, output: {}, error: undefined };

  tell({ ...event, type: 'StateExited', state: 'Upload file' });
  const failed = {
    ...event,
    type: 'StateFailed',
    state: 'Create batch',
    error: 'ProviderThrottled: slow down.',
  };
  tell(failed);
  tell({ ...failed, next: { attempt: 1, attempts: 9, withinSeconds: 5 } });
  tell({ ...event, type: 'StateRetried', state: 'Create batch', error: 'ProviderThrottled: slow down.' });

  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(
    'shard 3 · Create batch: ProviderThrottled: slow down. Attempt 1 of 9 failed; the next one is within 5 s.',
  );
});

test.each([
  ['ProviderUnavailable: upload file: no answer (ECONNREFUSED).', 'Nothing listens at the base URL'],
  ['ProviderUnavailable: upload file: no answer (ENOTFOUND).', 'Check the network'],
  ['ProviderThrottled: slow down', 'The provider asks to slow down'],
  ['ProviderBusy: its slot is taken', 'The job continues by itself when there is room'],
  ['StoreUnavailable: Cannot write x: the disk reports an error (EIO).', 'Check the disk'],
])('after the first failures a hint is printed once: %s', (error, hint) => {
  const lines: string[] = [];
  const tell = createTroubles((line) => void lines.push(line));
  for (const attempt of [1, 2, 3]) {
    const next = { attempt, attempts: 9, withinSeconds: 5 };
    tell({ execution: 'job', type: 'StateFailed', state: 'Upload file', input: {}, output: {}, error, next });
  }

  expect(lines.map((line) => line.includes(hint))).toEqual([false, true, false]);
});
