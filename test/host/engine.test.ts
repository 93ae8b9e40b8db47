import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { describe, expect, test } from 'vitest';
import type { EngineEvent } from '../../host/engine-events.ts';
import { READ_ITEMS } from '../../host/distributed-map.ts';
import { createLocalExecutions } from '../../host/engine.ts';
import { stackMachine } from '../lib/synthesized-stack.ts';

type Step = (event: Readonly<Record<string, unknown>>) => unknown;

const PROVIDER = { name: 'melious' };

/** Results of the steps of a job of two shards without failures. */
const STEPS: Readonly<Record<string, Step>> = {
  'build-requests': (event) => ({
    ...event,
    toRun: { shards: 2, key: 'to-run' },
    provider: PROVIDER,
    polling: {},
  }),
  [READ_ITEMS]: () => [0, 1].map((shard) => ({ shard, planned: {} })),
  'upload-file': (event) => ({ ...event, round: 1, fileId: 'file-1' }),
  'create-batch': (event) => ({ ...event, waitSeconds: 1 }),
  'poll-batch': (event) => ({ ...event, phase: 'ended' }),
  'cancel-batch': (event) => event,
  'collect-results': (event) => ({ ...event, next: 'done', waitSeconds: 0 }),
  'write-results': () => ({ jobId: 'job-1', status: 'succeeded' }),
  'announce-job': () => ({}),
};

const { definition, functions } = stackMachine();

/** Runs the deployed definition with these steps instead of those of {@link STEPS}. */
async function runJob(steps: Readonly<Record<string, Step>>, change = (given: object): object => given) {
  const calls: { readonly step: string; readonly event: Readonly<Record<string, unknown>> }[] = [];
  const events: EngineEvent[] = [];
  const executions = createLocalExecutions({
    // The engine validates the definition in its constructor.
    definition: change(definition) as StateMachineDefinition,
    functions,
    instant: true,
    onEvent: (event) => events.push(event),
    callStep: (step, event) => {
      const given = event as Readonly<Record<string, unknown>>;
      calls.push({ step, event: given });
      return Promise.resolve({ ...STEPS, ...steps }[step]?.(given));
    },
  });
  await executions.start('job-1', { jobId: 'job-1' });
  const end = await executions.result('job-1').then(
    (output) => ({ output, error: undefined }),
    (error: unknown) => ({ output: undefined, error: error instanceof Error ? error.cause : error }),
  );
  const of = (step: string) => calls.filter((call) => call.step === step).map(({ event }) => event);
  return { ...end, of, failed: events.filter(({ type }) => type === 'ChildFailed') };
}

/** Applies a step to the second shard only. */
const second =
  (step: Step, otherwise: Step | undefined): Step =>
  (event) =>
    event['shard'] === 1 ? step(event) : otherwise?.(event);

const { 'poll-batch': poll, 'create-batch': create, 'collect-results': collect } = STEPS;

describe('a child that fails', () => {
  test.each([
    ['a Choice on a field that is absent', 'poll-batch', second((event) => event, poll)],
    ['a Choice on an output of null', 'poll-batch', second(() => null, poll)],
    ['an end that no branch knows', 'collect-results', second(() => ({}), collect)],
    ['a wait for a field that is absent', 'create-batch', second((event) => event, create)],
  ])('by %s fails alone: its sibling and the job continue', async (_, step, failing) => {
    const { of, output, failed } = await runJob({ [step]: failing });

    expect(of('collect-results')).toContainEqual(expect.objectContaining({ shard: 0 }));
    expect(of('write-results')).toHaveLength(1);
    expect(output).toMatchObject({ status: 'succeeded' });
    expect(failed).toMatchObject([{ state: 'For each shard', input: { shard: 1 } }]);
    expect(failed[0]?.error).toMatch(/^States\.Runtime: /);
  });

  const tolerating =
    (tolerance: object) =>
    (given: object): object => {
      const { States, ...rest } = given as { States: Record<string, object> };
      const { ToleratedFailurePercentage: _, ...map } = States['For each shard'] as Record<string, unknown>;
      return { ...rest, States: { ...States, 'For each shard': { ...map, ...tolerance } } };
    };

  test.each([
    [{}, true],
    [{ ToleratedFailurePercentage: 49 }, true],
    [{ ToleratedFailurePercentage: 50 }, false],
    [{ ToleratedFailureCount: 0 }, true],
    [{ ToleratedFailureCount: 1 }, false],
    [{ ToleratedFailureCount: 2, ToleratedFailurePercentage: 10 }, true],
  ])('counts against the tolerance of the map: %j ends the map: %j', async (tolerance, ends) => {
    const { of } = await runJob({ 'poll-batch': second((event) => event, poll) }, tolerating(tolerance));

    const [written] = of('write-results');
    if (ends) expect(written).toMatchObject({ error: { Error: 'States.ExceedToleratedFailureThreshold' } });
    else expect(written).not.toHaveProperty('error');
  });
});

describe('a wait', () => {
  test.each([undefined, -1, -5, 0.2, 1.5, '5', '', null, true, [3], {}, 100_000_000, 1e12, Number.NaN])(
    'for %j seconds fails with States.Runtime, as in Step Functions, also when no time passes',
    async (waitSeconds) => {
      const { failed } = await runJob({
        'create-batch': second((event) => ({ ...event, waitSeconds }), create),
      });

      expect(failed).toHaveLength(1);
      expect(failed[0]?.error).toMatch(/^States\.Runtime: /);
    },
  );

  test.each([0, 1, 900, 99_999_999])('for %j seconds is read', async (waitSeconds) => {
    const { failed, of } = await runJob({ 'create-batch': (event) => ({ ...event, waitSeconds }) });

    expect(failed).toEqual([]);
    expect(of('poll-batch')).toMatchObject([{ waitSeconds }, { waitSeconds }]);
  });
});

describe('Write results that returns nothing', () => {
  test.each([null, undefined])('(%j) is announced as null, and the job fails', async (nothing) => {
    const { of, error } = await runJob({ 'write-results': () => nothing });

    expect(of('announce-job')).toEqual([{ execution: 'job-1', end: null }]);
    expect(error).toMatchObject({ name: 'States.Runtime' });
  });
});

test('an execution that is left in the middle of a wait ends at once, and its children with it', async () => {
  let reached = (): void => undefined;
  const waiting = new Promise<void>((resolve) => (reached = resolve));
  const executions = createLocalExecutions({
    definition: definition as StateMachineDefinition,
    functions,
    callStep: (step, event) =>
      Promise.resolve(STEPS[step]?.(event as Readonly<Record<string, unknown>>)).then((left) =>
        step === 'create-batch' ? { ...(left as object), waitSeconds: 1_000_000 } : left,
      ),
    onEvent: ({ type, state, input }) => {
      if (type === 'StateEntered' && state === 'Wait for batch' && (input as { shard: number }).shard === 1)
        reached();
    },
  });
  await executions.start('job-1', { jobId: 'job-1' });
  await waiting;

  await executions.leave();

  await expect(executions.result('job-1')).rejects.toThrow(/abort/i);
  expect(executions.running()).toEqual([]);
});

describe('the items of the map', () => {
  test.each([undefined, {}, 'text'])('that are %j fail the map, and the job is written', async (items) => {
    const { of } = await runJob({ [READ_ITEMS]: () => items });

    expect(of('upload-file')).toEqual([]);
    expect(of('write-results')).toMatchObject([{ error: { Error: 'States.ItemReaderFailed' } }]);
  });

  test('are run by at most as many children at a time as the map allows, each with its own item', async () => {
    let running = 0;
    let most = 0;
    const shards = Array.from({ length: 20 }, (_, shard) => ({ shard, planned: { rows: shard } }));
    const atOnce = (given: object): object => {
      const { States, ...rest } = given as { States: Record<string, object> };
      return {
        ...rest,
        States: { ...States, 'For each shard': { ...States['For each shard'], MaxConcurrency: 3 } },
      };
    };

    const { of, output } = await runJob(
      {
        [READ_ITEMS]: () => shards,
        'upload-file': (event) => {
          running += 1;
          most = Math.max(most, running);
          return STEPS['upload-file']?.(event);
        },
        'collect-results': (event) => {
          running -= 1;
          return STEPS['collect-results']?.(event);
        },
      },
      atOnce,
    );

    expect(output).toMatchObject({ status: 'succeeded' });
    expect(most).toBe(3);
    expect(of('collect-results').map(({ shard, planned }) => ({ shard, planned }))).toEqual(
      expect.arrayContaining(shards),
    );
  });
});
