import { expect, test } from 'vitest';
import { measure } from '../../src/runtime/metrics.ts';

const told = (...args: Parameters<typeof measure>): string[] =>
  measure(...args).map(({ metric, value, unit, dimensions }) =>
    [metric, ...Object.entries(dimensions).map(([name, of]) => `${name}=${of}`), `${value} ${unit}`].join(
      ' ',
    ),
  );

test('a job that ended is counted by its status, its rows by their outcomes', () => {
  const fields = {
    jobId: 'job-1',
    status: 'partial',
    seconds: 90,
    ok: 7,
    failed: 2,
    exhausted: 1,
    invalid_output: 0,
    invalid: 0,
    inputTokens: 100,
    outputTokens: 200,
  };
  expect(told('results_written', fields, 'write-results')).toEqual([
    'JobsEnded Status=partial 1 Count',
    'Rows Outcome=ok 7 Count',
    'Rows Outcome=failed 2 Count',
    'Rows Outcome=exhausted 1 Count',
    'Rows Outcome=invalid_output 0 Count',
    'Rows Outcome=invalid 0 Count',
    'Tokens Direction=input 100 Count',
    'Tokens Direction=output 200 Count',
    'JobSeconds 90 Seconds',
  ]);
});

test.each([
  ['running', ['PollLag 4 Seconds', 'OpenBatchAge 3600 Seconds']],
  ['overdue', ['PollLag 4 Seconds', 'OpenBatchAge 3600 Seconds']],
  ['ended', ['PollLag 4 Seconds']],
])('a poll measures its delay and the age of an open batch: %s', (phase, expected) => {
  const fields = { phase, lagSeconds: 4, ageSeconds: 3_600 };
  expect(told('batch_polled', fields, 'poll-batch')).toEqual(expected);
});

test('a failure is counted by the step and the name of the error', () => {
  expect(told('step_failed', { error: 'StoreRejected', reason: 'No.' }, 'poll-batch')).toEqual([
    'HandlerErrors Step=poll-batch Error=StoreRejected 1 Count',
  ]);
});

test.each([
  ['job_refused', 'JobsEnded Status=refused 1 Count'],
  ['job_empty', 'JobsEnded Status=empty 1 Count'],
  ['job_not_announced', 'JobsNotAnnounced 1 Count'],
] as const)('%s is %s', (event, expected) => {
  expect(told(event, { jobId: 'job-1' }, 'start-job')).toEqual([expected]);
});

test('other events have no metric, and no id is a dimension', () => {
  expect(measure('job_started', { jobId: 'job-1' }, 'start-job')).toEqual([]);
  const everything = measure(
    'results_written',
    { jobId: 'job-1', profile: 'p', status: 's' },
    'write-results',
  );
  expect(JSON.stringify(everything)).not.toContain('job-1');
});
