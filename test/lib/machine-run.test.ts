import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { READ_ITEMS } from '../../host/distributed-map.ts';
import { createLocalExecutions } from '../../host/engine.ts';
import {
  AnnouncementUnavailable,
  AnnouncementRejected,
  ProviderRejected,
  ProviderThrottled,
  StoreRejected,
} from '../../src/errors.ts';
import { stackMachine } from './synthesized-stack.ts';

const payloadSchema = z.record(z.string(), z.unknown());
type Payload = Readonly<Record<string, unknown>>;
type Answers = Readonly<Record<string, readonly (Payload | Error)[]>>;

const PROVIDER = { name: 'melious', baseUrl: 'https://provider.example/v1', dialect: 'melious' };
const POLLING = { minSeconds: 15, maxSeconds: 900, fraction: 0.1, graceSeconds: 3_600 };

const PLANNED = { rows: 1, invalid: 0, requests: 1, bytes: 9 };

/** The shards that Build leaves to run. In this test, the key of the map's items is the list of the shards. */
const toRun = (...shards: number[]) => ({ toRun: { shards: shards.length, key: shards.join(',') } });
const itemsAt = (key: string): unknown[] =>
  key.split(',').map((shard) => ({ shard: Number(shard), planned: PLANNED }));

/** Fields that the steps add to their input, one entry per call. Further calls get the last entry. */
const HAPPY: Answers = {
  'build-requests': [{ ...toRun(0), provider: PROVIDER, polling: POLLING, building: undefined }],
  'upload-file': [{ round: 1, lastRound: 4, fileId: 'file-1' }],
  'create-batch': [{ batchId: 'batch-1', waitSeconds: 15 }],
  'poll-batch': [
    { phase: 'running', waitSeconds: 15 },
    { phase: 'ended', waitSeconds: 15 },
  ],
  'cancel-batch': [{ waitSeconds: 15 }],
  'collect-results': [{ next: 'done', waitSeconds: 0 }],
  'write-results': [{ status: 'succeeded' }],
  'announce-job': [{}],
};

interface Call {
  readonly step: string;
  readonly input: Payload;
}

/** Runs the deployed definition with these results of the steps. Waits take no time. */
async function runMachine(answers: Answers) {
  const { definition, functions } = stackMachine();
  const script = { ...HAPPY, ...answers };
  const calls: Call[] = [];
  const states: (string | undefined)[] = [];
  const executions = createLocalExecutions({
    // The engine validates the definition in its constructor.
    definition: definition as StateMachineDefinition,
    functions,
    instant: true,
    callStep: async (step, event) => {
      const input = payloadSchema.parse(event);
      if (step === READ_ITEMS) return itemsAt(String(input['Key']));
      const calledBefore = calls.filter((call) => call.step === step).length;
      calls.push({ step, input });
      const answer = script[step]?.at(calledBefore) ?? script[step]?.at(-1);
      if (answer instanceof Error) throw answer;
      return { ...input, ...answer };
    },
    onEvent: ({ type, state }) => {
      if (type === 'StateEntered') states.push(state);
    },
  });
  await executions.start('job-1', { jobId: 'job-1' });
  const result = await executions.result('job-1').then(
    (output) => ({ output, failure: undefined }),
    (error: unknown) => ({ output: undefined, failure: String(error) }),
  );
  return { ...result, calls, states, inputsOf: (step: string) => inputs(calls, step) };
}

const inputs = (calls: readonly Call[], step: string): Payload[] =>
  calls.filter((call) => call.step === step).map(({ input }) => input);

describe('the deployed definition, run on the local engine', () => {
  test('takes a job from Build requests to Job succeeded', async () => {
    const { output, states } = await runMachine({});
    expect(states).toEqual([
      'Build requests',
      'All built?',
      'For each shard',
      'Upload file',
      'Row by row?',
      'Create batch',
      'Wait for batch',
      'Poll batch',
      'Batch ended?',
      'Wait for batch',
      'Poll batch',
      'Batch ended?',
      'Collect results',
      'Rows to retry?',
      'Shard done',
      'Only the pilot?',
      'Write results',
      'All written?',
      'Announce job',
      'Job ok?',
      'Job succeeded',
    ]);
    expect(output).toMatchObject({ jobId: 'job-1', status: 'succeeded' });
  });

  test('calls Build requests again until everything is built', async () => {
    const building = { rows: 5, shards: 1 };
    const { states, inputsOf } = await runMachine({
      'build-requests': [
        { building },
        { building },
        { ...toRun(0), provider: PROVIDER, polling: POLLING, building: undefined },
      ],
    });
    expect(states.slice(0, 7)).toEqual([
      'Build requests',
      'All built?',
      'Build requests',
      'All built?',
      'Build requests',
      'All built?',
      'For each shard',
    ]);
    expect(inputsOf('build-requests').at(-1)).toEqual({ jobId: 'job-1', building });
  });

  test('goes from the pilot back to Build requests, waits for the returned seconds, and runs the other shards', async () => {
    const context = { ...toRun(0), provider: PROVIDER, polling: POLLING };
    const waiting = { since: 1 };
    const { states, inputsOf } = await runMachine({
      'build-requests': [
        { ...context, pilot: true },
        { waiting, waitSeconds: 5, toRun: undefined, pilot: undefined },
        { ...context, waiting: undefined, pilot: undefined },
      ],
    });
    expect(states.filter((state = '') => /Build|pilot|approval|each|Write/.test(state))).toEqual([
      'Build requests',
      'For each shard',
      'Only the pilot?',
      'Build requests',
      'Wait for approval',
      'Build requests',
      'For each shard',
      'Only the pilot?',
      'Write results',
    ]);
    expect(inputsOf('build-requests').map(({ pilot, waiting: since }) => pilot ?? since)).toEqual([
      undefined,
      true,
      waiting,
    ]);
  });

  test.each([
    ['once', [{}], ['Announce wait', 'Wait for approval', 'Wait for approval']],
    [
      'also if the announcement fails',
      [Object.assign(new Error('No.'), { name: 'AnnouncementRejected' }), {}],
      ['Announce wait', 'Record unannounced wait', 'Wait for approval', 'Wait for approval'],
    ],
  ])('announces that the job waits for an approval: %s', async (_how, announced, expected) => {
    const context = { ...toRun(0), provider: PROVIDER, polling: POLLING };
    const asks = { until: '2026-11-08T00:00:00.000Z', results: 'output/job-1/pilot.jsonl' };
    const waits = { jobId: 'job-1', waiting: { since: 1 }, waitSeconds: 5 };
    const none = { toRun: undefined, provider: undefined, polling: undefined, asks: undefined };
    const { states, inputsOf } = await runMachine({
      'build-requests': [
        { ...waits, asks },
        { ...waits, ...none },
        { ...context, waiting: undefined, waitSeconds: undefined, asks: undefined },
      ],
      'announce-job': [...announced, {}],
    });

    expect(states.filter((state = '') => / wait$|approval/.test(state))).toEqual(expected);
    expect(inputsOf('announce-job')[0]).toEqual({ execution: 'job-1', waits: { ...waits, asks } });
    expect(states.at(-1)).toBe('Job succeeded');
  });

  test('passes to every shard its own number and nothing of the others', async () => {
    const { inputsOf } = await runMachine({
      'build-requests': [{ ...toRun(0, 1, 7), provider: PROVIDER, polling: POLLING }],
      'poll-batch': [{ phase: 'ended' }],
    });
    expect(inputsOf('upload-file')).toEqual(
      [0, 1, 7].map((shard) => ({
        jobId: 'job-1',
        shard,
        planned: PLANNED,
        provider: PROVIDER,
        polling: POLLING,
      })),
    );
  });

  test('does not pass the outputs of shards to Write results', async () => {
    const { inputsOf } = await runMachine({});
    expect(inputsOf('write-results')).toEqual([
      { jobId: 'job-1', ...toRun(0), provider: PROVIDER, polling: POLLING },
    ]);
  });

  test('goes straight to Write results when no shard has work left', async () => {
    const { calls } = await runMachine({
      'build-requests': [{ ...toRun(), provider: PROVIDER, polling: POLLING }],
    });
    expect(calls.map(({ step }) => step)).toEqual(['build-requests', 'write-results', 'announce-job']);
  });

  test('cancels an overdue batch and then polls it to its end', async () => {
    const { calls } = await runMachine({ 'poll-batch': [{ phase: 'overdue' }, { phase: 'ended' }] });
    expect(calls.map(({ step }) => step)).toEqual([
      'build-requests',
      'upload-file',
      'create-batch',
      'poll-batch',
      'cancel-batch',
      'poll-batch',
      'collect-results',
      'write-results',
      'announce-job',
    ]);
  });

  test('continues polling if the phase is unknown', async () => {
    const { inputsOf } = await runMachine({ 'poll-batch': [{ phase: 'surprising' }, { phase: 'ended' }] });
    expect(inputsOf('poll-batch')).toHaveLength(2);
  });

  test('runs another round with the rows that may be sent again', async () => {
    const { states, inputsOf } = await runMachine({
      'poll-batch': [{ phase: 'ended' }],
      'collect-results': [{ next: 'retry', round: 2, waitSeconds: 60 }, { next: 'done' }],
    });
    expect(states).toContain('Wait before retry');
    expect(inputsOf('upload-file')).toEqual([
      expect.not.objectContaining({ round: 2 }),
      expect.objectContaining({ shard: 0, round: 2 }),
    ]);
  });

  test('retries a throttled step with the same input', async () => {
    const { output, inputsOf } = await runMachine({
      'upload-file': [new ProviderThrottled('Slow down.'), { fileId: 'file-1' }],
      'poll-batch': [{ phase: 'ended' }],
    });
    const [first, second] = inputsOf('upload-file');
    expect(second).toEqual(first);
    expect(output).toMatchObject({ status: 'succeeded' });
  });

  test.each(['upload-file', 'create-batch', 'poll-batch'])(
    'collects a shard after %s has failed, and passes on the failure',
    async (step) => {
      const { output, inputsOf } = await runMachine({ [step]: [new ProviderRejected('No such model.')] });
      expect(inputsOf(step)).toHaveLength(1);
      expect(inputsOf('collect-results')).toEqual([
        expect.objectContaining({
          shard: 0,
          error: { Error: 'ProviderRejected', Cause: 'No such model.' },
        }),
      ]);
      expect(output).toMatchObject({ status: 'succeeded' });
    },
  );

  test('finishes the other shards if one cannot be collected', async () => {
    const { output, inputsOf } = await runMachine({
      'build-requests': [{ ...toRun(0, 1), provider: PROVIDER, polling: POLLING }],
      'poll-batch': [{ phase: 'ended' }],
      'collect-results': [new StoreRejected('No room.'), { next: 'done' }],
    });
    expect(inputsOf('collect-results')).toHaveLength(2);
    expect(output).toMatchObject({ jobId: 'job-1' });
  });

  test('writes results also for a job that could not be built, with the reason', async () => {
    const { inputsOf } = await runMachine({ 'build-requests': [new ProviderRejected('Not a row.')] });
    expect(inputsOf('write-results')).toEqual([
      { jobId: 'job-1', error: { Error: 'ProviderRejected', Cause: 'Not a row.' } },
    ]);
  });

  test('fails with the failure that Write results reports', async () => {
    const { failure, states } = await runMachine({
      'write-results': [{ status: 'failed', failure: { Error: 'ProviderDenied', Cause: 'No credit left.' } }],
    });
    expect(states.at(-1)).toBe('Job failed');
    expect(failure).toContain('No credit left.');
  });

  test('fails with its own error when Write results breaks', async () => {
    const { failure, states } = await runMachine({ 'write-results': [new Error('Does not reconcile.')] });
    expect(states.at(-1)).toBe('Job failed');
    expect(failure).toContain('Does not reconcile.');
  });

  test('announces the job with its execution and the output of Write results, which is also its own output', async () => {
    const { output, inputsOf } = await runMachine({ 'announce-job': [{ something: 'else' }] });
    const [announced] = inputsOf('announce-job');
    expect(announced).toEqual({ execution: 'job-1', end: output });
    expect(output).not.toHaveProperty('something');
  });

  test('announces also a job whose results could not be written', async () => {
    const { inputsOf, failure } = await runMachine({ 'write-results': [new Error('Does not reconcile.')] });
    expect(inputsOf('announce-job')).toEqual([
      {
        execution: 'job-1',
        end: expect.objectContaining({
          jobId: 'job-1',
          failure: { Error: 'Error', Cause: 'Does not reconcile.' },
        }) as unknown,
      },
    ]);
    expect(failure).toContain('Does not reconcile.');
  });

  test.each([
    ['succeeded', { status: 'succeeded' }, 'Job succeeded'],
    ['failed', { status: 'failed', failure: { Error: 'X', Cause: 'Y' } }, 'Job failed'],
  ])(
    'a job that %s ends in the same way if the announcement fails, which is recorded',
    async (_, written, last) => {
      const { states, inputsOf } = await runMachine({
        'write-results': [written],
        'announce-job': [new AnnouncementRejected('Not you.'), new Error('Still not.')],
      });
      expect(states.slice(-4)).toEqual(['Announce job', 'Record failed announcement', 'Job ok?', last]);
      expect(inputsOf('announce-job')[1]).toMatchObject({
        execution: 'job-1',
        unannounced: { Error: 'AnnouncementRejected', Cause: 'Not you.' },
      });
    },
  );

  test('repeats the announcement after temporary errors', async () => {
    const { states, inputsOf } = await runMachine({
      'announce-job': [new AnnouncementUnavailable('Not now.'), {}],
    });
    expect(inputsOf('announce-job')).toHaveLength(2);
    expect(states).not.toContain('Record failed announcement');
  });
});
