import { describe, expect, onTestFinished, test } from 'vitest';
import { WorkerSteps } from '../../host/worker-steps.ts';

/** A thread that speaks as the one of the steps does, with steps that misbehave. */
const MISBEHAVING = `
import { parentPort } from 'node:worker_threads';
const STEPS = {
  echo: (event) => event,
  later: (event) => new Promise((resolve) => setTimeout(resolve, 5, event)),
  spin: () => { for (;;); },
  backtrack: () => /^(a+)+$/.test('a'.repeat(60) + 'b'),
  never: () => new Promise(() => setInterval(() => undefined, 1000)),
  fail: () => { throw Object.assign(new Error('No such batch.'), { name: 'ProviderNotFound' }); },
  crash: () => { setTimeout(() => { throw new Error('Lost.'); }); return new Promise(() => undefined); },
};
parentPort.on('message', async ({ kind, id, step, event }) => {
  if (kind === 'ping') { parentPort.postMessage({ kind: 'pong' }); return; }
  try {
    parentPort.postMessage({ kind: 'left', id, output: await STEPS[step](event) });
  } catch ({ name, message }) {
    parentPort.postMessage({ kind: 'failed', id, name, message });
  }
});
`;

function open(): WorkerSteps {
  const module = new URL(`data:text/javascript,${encodeURIComponent(MISBEHAVING)}`);
  const steps = new WorkerSteps({ log: () => undefined, providers: {}, stuckMs: 1_200, graceMs: 50, module });
  onTestFinished(() => steps[Symbol.asyncDispose]());
  return steps;
}

const EVENT = { jobId: 'job-1', shard: 3 };

describe('steps in a thread of their own', () => {
  test('return and fail as they do in the process itself', async () => {
    const steps = open();

    expect(await steps.call('echo', EVENT)).toEqual(EVENT);
    await expect(steps.call('fail', EVENT)).rejects.toMatchObject({
      name: 'ProviderNotFound',
      message: 'No such batch.',
    });
  });

  test.each(['spin', 'backtrack'])(
    'that compute without end (%s) are ended, and fail alone; the host goes on meanwhile',
    async (step) => {
      const steps = open();
      let ticks = 0;
      const ticking = setInterval(() => (ticks += 1), 10);
      onTestFinished(() => clearInterval(ticking));

      const stuck = steps.call(step, EVENT);
      const others = [steps.call('later', { n: 1 }), steps.call('later', { n: 2 })];

      await expect(stuck).rejects.toMatchObject({
        name: 'StepStuck',
        message: expect.stringContaining(`The step ${step} of job job-1, shard 3 computed`) as string,
      });
      expect(await Promise.all(others)).toEqual([{ n: 1 }, { n: 2 }]);
      expect(await steps.call('echo', EVENT)).toEqual(EVENT);
      expect(ticks).toBeGreaterThan(20);
    },
  );

  test('that end their thread fail, and the next one has another', async () => {
    const steps = open();

    await expect(steps.call('crash', EVENT)).rejects.toMatchObject({
      name: 'StepStuck',
      message: expect.stringContaining('Lost.') as string,
    });
    expect(await steps.call('echo', EVENT)).toEqual(EVENT);
  });

  test.each(['spin', 'never'])('that nobody waits for any more (%s) are ended soon', async (step) => {
    const steps = open();
    expect(await steps.call('echo', EVENT)).toEqual(EVENT);
    const abandoned = steps.call(step, EVENT).then(String, String);

    await steps.abandon();

    expect(await abandoned).toContain(`Step ${step} was ended: its host stops.`);
    expect(await steps.call('echo', EVENT)).toEqual(EVENT);
  });
});
