/** @module-tag exhaustive */
import { describe, expect, test } from 'vitest';
import type { EngineEvent } from '../../host/engine-events.ts';
import { MAX_PAYLOAD_BYTES } from '../../host/run-machine.ts';
import { isNearlyFull, spentEvents } from '../../src/steps/history.ts';
import { MAX_POLLS_PER_ROUND } from '../../src/batches/polling.ts';
import { MAX_SHARDS } from '../../src/rows/shard-writer.ts';
import { openWorld, prompts } from '../workflow/world.ts';

/** Step Functions ends an execution after this many events. */
const MAX_EVENTS = 25_000;

/** Events that Step Functions writes for each state that was left, by the type of the state, and for each retry. */
const EVENTS: Readonly<Record<string, number>> = { Task: 5, Wait: 2, Choice: 2, Succeed: 2, Pass: 2 };
const EVENTS_PER_RETRY = 3;

const TYPES: Readonly<Record<string, string>> = {
  'Upload file': 'Task',
  'Create batch': 'Task',
  'Send direct': 'Task',
  'Poll batch': 'Task',
  'Cancel batch': 'Task',
  'Collect results': 'Task',
  'Wait for batch': 'Wait',
  'Wait before retry': 'Wait',
  'Wait for rate limit': 'Wait',
  'Row by row?': 'Choice',
  'All sent?': 'Choice',
  'Batch ended?': 'Choice',
  'Rows to retry?': 'Choice',
  'Shard done': 'Succeed',
};

function countEvents(events: readonly EngineEvent[]): number {
  const left = events.filter(({ type }) => type === 'StateExited');
  const retries = events.filter(({ type }) => type === 'StateRetried');
  const states = left.map(({ state = '' }) => EVENTS[TYPES[state] ?? ''] ?? 0);
  return states.reduce((sum, count) => sum + count, retries.length * EVENTS_PER_RETRY);
}

test('a week-long window and four rounds stay below the history limit when every batch uses its window up', async () => {
  const world = await openWorld({
    faults: [{ at: 'batch', action: { kind: 'stuck', status: 'in_progress', finished: 0 }, times: 'always' }],
  });

  const { summary } = await world.run(prompts(1), {
    completionWindow: '7d',
    rounds: 4,
    // The polling of every provider except the simulator.
    polling: { minSeconds: 15, maxSeconds: 900 },
  });

  expect(summary).toMatchObject({ rounds: 4, counts: { exhausted: 1 } });
  expect(summary.seconds).toBeGreaterThan(4 * 7 * 86_400);
  const events = countEvents(world.events);
  expect(events).toBeGreaterThan(500);
  expect(events).toBeLessThan(MAX_EVENTS);
});

describe('the history of a shard', () => {
  test('has events left for every round that is begun', () => {
    // Events after the last round that the guard lets begin, if every round is as long as possible.
    let spent = 0;
    while (!isNearlyFull(spent)) spent = spentEvents(spent, { polls: MAX_POLLS_PER_ROUND });
    const busy = 600 * EVENTS_PER_RETRY;
    expect(spent + busy).toBeLessThan(MAX_EVENTS);
  });

  test('has enough events for four of the longest rounds', () => {
    const three = [1, 2, 3].reduce((spent) => spentEvents(spent, { polls: MAX_POLLS_PER_ROUND }), 0);
    expect(isNearlyFull(three)).toBe(false);
  });

  test('ends before it is full, and the job continues in its next execution', async () => {
    const context = { spentEvents: 20_000 };
    const full = await openWorld({
      faults: [{ at: 'row', ids: ['q0'], action: { kind: 'error', code: 'INFERENCE_3107' }, times: 1 }],
      wrap: (call) => (step, event) =>
        call(step, step === 'upload-file' ? { ...(event as object), ...context } : event),
    });

    const stopped = await full.run(prompts(2));
    expect(stopped.summary).toMatchObject({
      status: 'failed',
      failure: { code: 'EXECUTION_TOO_LONG' },
      counts: { ok: 1, exhausted: 1 },
    });
    const resumed = await full.run(prompts(2));
    expect(resumed.summary).toMatchObject({ status: 'succeeded', counts: { ok: 2 } });
  });
});

test('a pass of direct rows costs as many events as a poll, with any rate of the provider', async () => {
  const world = await openWorld({ realtimeLimit: { requests: 1, perSeconds: 60 } });

  const { summary } = await world.run(prompts(30), { small: 'direct' });

  expect(summary).toMatchObject({ status: 'succeeded', sentDirect: 30 });
  const passes = world.events.filter(({ state, type }) => state === 'Send direct' && type === 'StateExited');
  expect(passes).toHaveLength(30);
  expect(countEvents(world.events)).toBeLessThanOrEqual(spentEvents(0, { polls: passes.length }));
  const waits = world.events.filter(
    ({ state, type }) => state === 'Wait for rate limit' && type === 'StateExited',
  );
  expect(waits).toHaveLength(29);
});

test('the outputs of the shards of the largest job fit into the output of a map', async () => {
  const world = await openWorld();
  await world.run(prompts(1));

  const returned = world.events.filter(({ state, type }) => state === 'Shard done' && type === 'StateExited');
  const outputs = Array.from({ length: MAX_SHARDS }, () => returned[0]?.output);
  expect(returned).toHaveLength(1);
  expect(Buffer.byteLength(JSON.stringify(outputs))).toBeLessThan(MAX_PAYLOAD_BYTES);
});
