import { expect, test } from 'vitest';
import { limitSteps } from '../../host/limit-steps.ts';
import type { Steps } from '../../host/worker-steps.ts';

/** Steps that run until the test ends them. */
function openSteps() {
  const running: { readonly step: string; readonly end: () => void }[] = [];
  let most = 0;
  let abandoned = 0;
  const steps: Steps = {
    call: async (step) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const call = { step, end: resolve };
      running.push(call);
      most = Math.max(most, running.length);
      await promise;
      running.splice(running.indexOf(call), 1);
      return step;
    },
    abandon: () => {
      abandoned += 1;
      return Promise.resolve();
    },
  };
  return { steps, running, most: () => most, abandoned: () => abandoned };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a limited number of steps run at the same time, and fewer collects; the others wait in order', async () => {
  const { steps, running, most } = openSteps();
  const limited = limitSteps(steps, { steps: 4, collects: 2 });
  const names = ['collect-results', 'collect-results', 'collect-results', 'poll-batch', 'poll-batch', 'x'];
  const calls = names.map((name) => limited.call(name, {}));

  expect(running.map(({ step }) => step)).toEqual([
    'collect-results',
    'collect-results',
    'poll-batch',
    'poll-batch',
  ]);
  const order: string[] = [];
  for (const call of calls) void call.then((step) => order.push(String(step)));
  while (running.length > 0) {
    running[0]?.end();
    await settle();
    expect(running.filter(({ step }) => step === 'collect-results').length).toBeLessThanOrEqual(2);
  }

  expect(order.toSorted()).toEqual(names.toSorted());
  expect(most()).toBe(4);
});

test('a host that stops starts no waiting step', async () => {
  const { steps, running, abandoned } = openSteps();
  const limited = limitSteps(steps, { steps: 2, collects: 1 });
  const first = limited.call('collect-results', {});
  const waiting = [limited.call('collect-results', {}), limited.call('x', {}), limited.call('y', {})];
  const ends = Promise.allSettled(waiting);

  await limited.abandon();
  running.forEach(({ end }) => end());
  await first;
  await settle();
  running.forEach(({ end }) => end());

  expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'rejected']);
  expect(running).toEqual([]);
  expect(abandoned()).toBe(1);
});
