import { pathToFileURL } from 'node:url';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { edgesFromEnvironment } from '../../src/runtime/environment.ts';
import { handle } from '../../src/runtime/handler.ts';
import { StoreRejected } from '../../src/errors.ts';
import { openTempFolder } from '../support/temp-folder.ts';

let lines: Record<string, unknown>[];

beforeEach(() => {
  lines = [];
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    lines.push(JSON.parse(String(text)) as Record<string, unknown>);
    return true;
  });
  onTestFinished(() => write.mockRestore());
});

async function openStep(env: Record<string, string>) {
  const folder = await openTempFolder();
  return edgesFromEnvironment({ STORE: pathToFileURL(folder).href, STEP: 'poll-batch', ...env });
}

const measured = () => lines.filter((line) => '_aws' in line);

test('a line of the log names its event, its step and its fields', async () => {
  const { log } = await openStep({});
  log('batch_polled', { jobId: 'job-1', lagSeconds: 3 });
  expect(lines).toEqual([
    expect.objectContaining({
      message: 'batch_polled',
      service: 'poll-batch',
      jobId: 'job-1',
      lagSeconds: 3,
    }),
  ]);
});

test('a failure is logged with its reason', async () => {
  const edges = await openStep({});
  const step = handle(
    () => Promise.reject(new StoreRejected('S3 denies it.')),
    () => edges,
  );
  await expect(step({ end: { jobId: 'job-1' } })).rejects.toThrow('S3 denies it.');
  expect(lines).toEqual([
    expect.objectContaining({
      message: 'step_failed',
      jobId: 'job-1',
      error: 'StoreRejected',
      reason: 'S3 denies it.',
    }),
  ]);
});

test('metrics are logged in the embedded format, one object per set of dimensions', async () => {
  const { log } = await openStep({ WORKFLOW: 'Nightshift-Workflow' });
  log('results_written', {
    jobId: 'job-1',
    status: 'succeeded',
    ok: 5,
    failed: 0,
    exhausted: 0,
    invalid_output: 0,
    invalid: 0,
  });
  const [ok] = measured().filter((line) => line['Outcome'] === 'ok');
  expect(ok).toMatchObject({
    _aws: {
      CloudWatchMetrics: [
        {
          Namespace: 'Nightshift',
          Dimensions: [['service', 'Outcome']],
          Metrics: [{ Name: 'Rows', Unit: 'Count' }],
        },
      ],
    },
    service: 'Nightshift-Workflow',
    Outcome: 'ok',
    Rows: 5,
    jobId: 'job-1',
  });
  expect(measured()).toHaveLength(9);
});

test('without the name of a workflow there are no metrics', async () => {
  const { log } = await openStep({});
  log('results_written', { jobId: 'job-1', status: 'succeeded' });
  expect(measured()).toEqual([]);
});

test('text from outside is logged without effect, also in the error that Lambda logs', async () => {
  const evil = '\u001b[2J\u009b2J\u202e\u2066\u200b\u2028';
  const edges = await openStep({});
  const handler = handle(
    () => Promise.reject(new StoreRejected(`poll batch ${evil}`)),
    () => edges,
  );

  const failed = handler({ jobId: `job-${evil}` });

  const shown = expect.not.stringMatching(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u) as string;
  await expect(failed).rejects.toMatchObject({ message: shown });
  expect(lines).toMatchObject([{ message: 'step_failed', jobId: shown, reason: shown }]);
  expect(String(lines[0]?.['jobId'])).toContain('job-\\u001b[2J\\u009b2J');
});
