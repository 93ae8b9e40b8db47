import { describe, expect, test } from 'vitest';
import type { Summary } from '../../src/checkpoints/summary.ts';
import { INDEX_PREFIX, jobKey, stopKey, summaryKey } from '../../src/checkpoints/keys.ts';
import { cancelJob, cancelStoppedJob } from '../../src/job-control/cancel-job.ts';
import { startDroppedJob } from '../../src/job-control/start-dropped-job.ts';
import { resumeJob, startJob, type StartEdges, type StartRequest } from '../../src/job-control/start-job.ts';
import { createFolderStore } from '../../src/store/folder-store.ts';
import { readJson, writeJson } from '../../src/store/json.ts';
import { HeldExecutions } from '../support/held-executions.ts';
import { openTempFolder } from '../support/temp-folder.ts';

async function open() {
  const folder = await openTempFolder();
  const executions = new HeldExecutions();
  const logged: string[] = [];
  const edges: StartEdges = {
    store: createFolderStore(folder),
    clock: { now: () => Date.UTC(2026, 10, 1) },
    random: () => 0.5,
    log: (event) => logged.push(event),
    config: { profiles: { default: { provider: 'simulator', model: 'm' } } },
    executions,
  };
  const indexed = async (): Promise<string[]> => {
    const keys: string[] = [];
    for await (const { key } of edges.store.list(INDEX_PREFIX)) keys.push(key);
    return keys;
  };
  return { edges, executions, logged, indexed, store: edges.store };
}

const request = (change: Partial<StartRequest> = {}): StartRequest => ({
  jobId: 'job-1',
  profile: 'default',
  inputs: () => Promise.resolve([{ key: 'input/a.jsonl' }]),
  ...change,
});

/** Ends the job's execution, and writes a summary with this status. */
async function end(
  { edges, executions }: Awaited<ReturnType<typeof open>>,
  status: Summary['status'],
  execution = 'job-1',
): Promise<void> {
  await writeJson(edges.store, summaryKey('job-1'), { jobId: 'job-1', status });
  executions.end(execution);
}

describe('a job that is started', () => {
  test('is recorded, listed, and runs under its own name', async () => {
    const { edges, store, executions, indexed } = await open();

    expect(await startJob(edges, request())).toEqual({
      jobId: 'job-1',
      state: 'started',
      execution: 'job-1',
    });
    expect(await readJson(store, jobKey('job-1'))).toMatchObject({ inputs: [{ key: 'input/a.jsonl' }] });
    expect(await indexed()).toHaveLength(1);
    expect([...executions.states]).toEqual([['job-1', 'running']]);
  });

  test('twice at the same moment is one execution', async () => {
    const { edges, executions, indexed } = await open();

    const started = await Promise.all(Array.from({ length: 10 }, () => startJob(edges, request())));

    expect([...executions.states]).toEqual([['job-1', 'running']]);
    expect(started.filter(({ state }) => state === 'started')).toHaveLength(1);
    expect(await indexed()).toHaveLength(1);
  });

  test('keeps the inputs and the profile it was started with', async () => {
    const { edges, store } = await open();
    await startJob(edges, request());

    await startJob(
      edges,
      request({
        overrides: { model: 'other' },
        inputs: () => Promise.reject(new Error('It is known: nobody asks.')),
      }),
    );

    expect(await readJson(store, jobKey('job-1'))).toMatchObject({ profile: { model: 'm' } });
  });

  test('is refused if its profile does not exist', async () => {
    const { edges, store, indexed } = await open();

    await expect(startJob(edges, request({ profile: 'nope' }))).rejects.toThrow('There is no profile "nope"');

    expect(await store.stat(jobKey('job-1'))).toBeUndefined();
    expect(await indexed()).toEqual([]);
  });

  test('has no summary of an earlier refusal until it ends', async () => {
    const { edges, store } = await open();
    await writeJson(store, summaryKey('job-1'), { jobId: 'job-1', status: 'failed' });

    expect(await startJob(edges, request())).toMatchObject({ state: 'started' });
    expect(await store.stat(summaryKey('job-1'))).toBeUndefined();
  });

  test('by another request under the same id is refused', async () => {
    const { edges } = await open();
    await startJob(edges, request({ requestHash: 'one' }));

    await expect(startJob(edges, request({ requestHash: 'two' }))).rejects.toMatchObject({
      name: 'RequestConflict',
    });
  });

  test.each(['succeeded', 'partial', 'cancelled', 'empty'] as const)(
    'again after it %s does nothing',
    async (status) => {
      const world = await open();
      await startJob(world.edges, request());
      await end(world, status);

      expect(await startJob(world.edges, request())).toEqual({ jobId: 'job-1', state: 'finished' });
    },
  );

  test('again after it failed continues, without the earlier stop and summary', async () => {
    const world = await open();
    await startJob(world.edges, request());
    await end(world, 'failed');
    await writeJson(world.store, stopKey('job-1'), { failure: { name: 'ProviderDenied' } });

    const again = await startJob(world.edges, request());

    expect(again).toEqual({ jobId: 'job-1', state: 'resumed', execution: 'job-1-r2' });
    expect(await world.store.stat(stopKey('job-1'))).toBeUndefined();
    expect(await world.store.stat(summaryKey('job-1'))).toBeUndefined();
  });

  test('again while it runs with a stop keeps the stop', async () => {
    const { edges, store } = await open();
    await startJob(edges, request());
    await writeJson(store, stopKey('job-1'), { failure: { name: 'ProviderDenied' } });

    expect(await startJob(edges, request())).toMatchObject({ state: 'running' });
    expect(await store.stat(stopKey('job-1'))).toBeDefined();
  });
});

describe('a job that is resumed', () => {
  test('twice at the same moment continues once', async () => {
    const world = await open();
    await startJob(world.edges, request());
    await end(world, 'failed');

    const resumed = await Promise.all(Array.from({ length: 10 }, () => resumeJob(world.edges, 'job-1')));

    expect([...world.executions.states.keys()]).toEqual(['job-1', 'job-1-r2']);
    expect(resumed.every((each) => each?.state === 'resumed' || each?.state === 'running')).toBe(true);
  });

  test('while it runs or is being cancelled is not changed', async () => {
    const { edges, store } = await open();
    await startJob(edges, request());

    expect(await resumeJob(edges, 'job-1')).toMatchObject({ state: 'running' });
    await cancelJob(edges, 'job-1');
    expect(await resumeJob(edges, 'job-1')).toMatchObject({ state: 'cancelling' });
    expect(await store.stat(stopKey('job-1'))).toBeDefined();
  });
});

describe('a job that is cancelled', () => {
  test('has its execution stopped, and another one ends what is open', async () => {
    const { edges, store, executions } = await open();
    await startJob(edges, request());

    expect(await cancelJob(edges, 'job-1')).toEqual({ jobId: 'job-1', state: 'cancelling' });

    expect([...executions.states]).toEqual([
      ['job-1', 'ended'],
      ['job-1-r2', 'running'],
    ]);
    expect(await readJson(store, stopKey('job-1'))).toMatchObject({ failure: { name: 'JobCancelled' } });
  });

  test('twice is cancelled once', async () => {
    const { edges, executions } = await open();
    await startJob(edges, request());

    await cancelJob(edges, 'job-1');
    await cancelJob(edges, 'job-1');

    expect([...executions.states.keys()]).toEqual(['job-1', 'job-1-r2']);
  });

  test('is not started by a repeated event', async () => {
    const { edges, executions } = await open();
    await startJob(edges, request());
    await cancelJob(edges, 'job-1');
    executions.end('job-1-r2');

    expect(await startJob(edges, request())).toEqual({ jobId: 'job-1', state: 'finished' });
  });

  test('continues when somebody resumes it', async () => {
    const world = await open();
    await startJob(world.edges, request());
    await cancelJob(world.edges, 'job-1');
    await end(world, 'cancelled', 'job-1-r2');

    expect(await resumeJob(world.edges, 'job-1')).toMatchObject({
      state: 'resumed',
      execution: 'job-1-r3',
    });
    expect(await world.store.stat(stopKey('job-1'))).toBeUndefined();
  });

  test('after it has ended is not changed', async () => {
    const world = await open();
    await startJob(world.edges, request());
    await end(world, 'partial');

    expect(await cancelJob(world.edges, 'job-1')).toEqual({ jobId: 'job-1', state: 'ended' });
    expect(await world.store.stat(stopKey('job-1'))).toBeUndefined();
  });

  test('after it failed has its open batches ended', async () => {
    const world = await open();
    await startJob(world.edges, request());
    await end(world, 'failed');

    expect(await cancelJob(world.edges, 'job-1')).toMatchObject({ state: 'cancelling' });
    expect(world.executions.states.get('job-1-r2')).toBe('running');
  });

  test('is an error if it never existed', async () => {
    const { edges } = await open();

    expect(await cancelJob(edges, 'none')).toBeUndefined();
    expect(await resumeJob(edges, 'none')).toBeUndefined();
  });
});

describe('an execution that was stopped from outside', () => {
  const stopped = (name: string, status = 'ABORTED') => ({ source: 'aws.states', detail: { name, status } });

  test.each(['ABORTED', 'TIMED_OUT'])('as %s has its job cancelled', async (status) => {
    const { edges, store, executions } = await open();
    await startJob(edges, request());
    executions.end('job-1');

    await cancelStoppedJob(edges, stopped('job-1', status));

    expect(await readJson(store, stopKey('job-1'))).toMatchObject({ failure: { name: 'JobCancelled' } });
    expect(executions.states.get('job-1-r2')).toBe('running');
  });

  test('is reported twice and late, and cancels no later execution', async () => {
    const { edges, store, executions } = await open();
    await startJob(edges, request());
    await cancelJob(edges, 'job-1');
    executions.end('job-1-r2');
    await resumeJob(edges, 'job-1');

    await cancelStoppedJob(edges, stopped('job-1'));
    await cancelStoppedJob(edges, stopped('job-1-r2'));

    expect(await store.stat(stopKey('job-1'))).toBeUndefined();
    expect(executions.states.get('job-1-r3')).toBe('running');
    expect(executions.states.size).toBe(3);
  });

  test('of another state machine starts nothing', async () => {
    const { edges, executions } = await open();

    await cancelStoppedJob(edges, stopped('by-hand'));

    expect(executions.states.size).toBe(0);
  });
});

test('a refused drop is listed once, with any number of events', async () => {
  const { edges, store, indexed } = await open();
  const event = {
    source: 'aws.s3',
    detail: { bucket: { name: 'b' }, object: { key: 'input/nope/a.jsonl', etag: '1' } },
  };

  const first = await startDroppedJob(edges, event);
  await startDroppedJob(edges, event);

  if (first.state !== 'refused') throw new Error(`It is ${first.state}.`);
  expect(await readJson(store, summaryKey(first.jobId))).toMatchObject({
    status: 'failed',
    failure: { name: 'InvalidRequest' },
  });
  expect(await indexed()).toHaveLength(1);
});

test('a folder marker is not a file and starts nothing', async () => {
  const { edges, executions, indexed } = await open();
  const object = { key: 'input/classify/', etag: '1' };

  const dropped = await startDroppedJob(edges, {
    source: 'aws.s3',
    detail: { bucket: { name: 'b' }, object },
  });

  expect(dropped).toEqual({ state: 'passed over' });
  expect(executions.states.size).toBe(0);
  expect(await indexed()).toEqual([]);
});
