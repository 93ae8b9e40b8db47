import { expect, test } from 'vitest';
import type { CallStep } from '../../host/engine.ts';
import { openWorld, prompts } from './world.ts';

/** Removes the named field once from the result of a step in the second shard, so that its execution fails at the next state. */
function losing(step: string, field: string): (call: CallStep) => CallStep {
  let lost = false;
  return (call) => async (name, event) => {
    const left = (await call(name, event)) as Record<string, unknown>;
    if (lost || name !== step || left['shard'] !== 1) return left;
    lost = true;
    const { [field]: _, ...rest } = left;
    return rest;
  };
}

test.each([
  ['create-batch', 'waitSeconds'],
  ['poll-batch', 'phase'],
  ['collect-results', 'next'],
])(
  'a shard whose execution fails after %s does not affect its siblings, is reported, and is resumed without paying twice',
  async (step, field) => {
    const world = await openWorld({ wrap: losing(step, field) });
    const input = prompts(9);
    const shards = { shardLimits: { maxRows: 3 } };

    const failed = await world.run(input, shards);

    expect(world.events.filter(({ type }) => type === 'ChildFailed')).toMatchObject([
      { input: { shard: 1 } },
    ]);
    expect(failed.results).toHaveLength(9);
    const finished = step === 'collect-results';
    expect(failed.summary).toMatchObject(
      finished
        ? { status: 'succeeded', counts: { ok: 9 } }
        : { status: 'failed', counts: { ok: 6, exhausted: 3 }, failure: { name: 'ShardIncomplete' } },
    );
    expect(failed.error === undefined).toBe(finished);

    const resumed = await world.run(input, shards);

    expect(resumed.summary).toMatchObject({ status: 'succeeded', counts: { ok: 9 } });
    expect([...world.simulator.createsPerKey().values()]).toEqual([1, 1, 1]);
  },
);
