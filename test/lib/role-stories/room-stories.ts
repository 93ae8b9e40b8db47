import type { RoleWorld } from '../role-world.ts';
import { ROW, differentRows, end, post, type Stories } from './story.ts';

/** Stories about slots, enqueued tokens and file sizes at the provider. */
export const ROOM_STORIES = {
  'a file is too large for the provider': {
    ends: ['succeeded'],
    run: async (world) => {
      world.simulator.addFaults({ at: 'upload', action: { kind: 'status', status: 413 } });
      return [await end(world, world.drop('input/rows.jsonl', differentRows(3)))];
    },
  },
  'a file is too large for the provider, and one of its parts needs a second round': {
    ends: ['succeeded'],
    run: async (world) => {
      world.simulator.addFaults({ at: 'upload', action: { kind: 'status', status: 413 }, times: 1 });
      world.simulator.addFaults({ at: 'row', every: 2, action: { kind: 'error', code: 'INFERENCE_3107' } });
      const rows = ['one', 'two', 'three'].map((prompt) => ({ prompt }));
      return [await end(world, post(world, '/jobs', { rows, profile: 'twice' }))];
    },
  },
  // Creating a batch sends the request lines themselves.
  'a provider accepts no files': {
    ends: ['succeeded'],
    world: { dialect: 'anthropic' },
    run: async (world) => [await end(world, world.drop('input/inline.jsonl', ROW))],
  },
  'shards of one job wait for the only slot at the provider': {
    ends: ['succeeded'],
    run: async (world) => [await end(world, world.drop('input/divided/rows.jsonl', differentRows(3)))],
  },
  'the only slot at the provider is held by a job that has ended': {
    ends: ['succeeded'],
    run: async (world) => {
      await world.store.put('slots/simulator/0.json', '{"jobId":"earlier","shard":0}');
      await world.store.put('output/earlier/summary.json', '{}');
      return [await end(world, world.drop('input/rows.jsonl', ROW))];
    },
  },
  'the only slot at the provider is held by a batch that does not exist': {
    ends: ['succeeded'],
    run: async (world) => {
      const batch = { batchId: 'batch_none', createdAt: 1, deadline: 2 };
      await holdSlot(world, { 'round-1.upload.json': { fileId: 'file-none' }, 'round-1.batch.json': batch });
      return [await end(world, world.drop('input/rows.jsonl', ROW))];
    },
  },
  'the only slot at the provider is held by a shard that was stopped': {
    ends: ['succeeded'],
    run: async (world) => {
      await holdSlot(world, { 'stopped.json': { rows: 1, left: [] } });
      return [await end(world, world.drop('input/rows.jsonl', ROW))];
    },
  },
  'the only slot at the provider is held by a shard that died before its batch existed': {
    ends: ['succeeded', 'succeeded', 'succeeded'],
    run: async (world) => {
      await holdSlot(world, { 'round-1.creating.json': { at: 1 } });
      const drop = (n: number): Promise<string> => world.drop(`input/rows-${n}.jsonl`, ROW);
      return [await end(world, drop(1)), await end(world, drop(2)), await end(world, drop(3))];
    },
  },
  'a shard has a slot that an earlier version has recorded': {
    ends: ['succeeded'],
    run: async (world) => {
      const poll = world.hold('poll-batch');
      const jobId = await post(world, '/jobs', { rows: [{ prompt: 'hello' }] });
      await poll.reached;
      await world.store.put('slots/simulator/0.json', JSON.stringify({ jobId, shard: 0 }));
      poll.release();
      return [await end(world, jobId)];
    },
  },
  'the provider rejects batches because of their tokens, and a create is lost, before a limit is known': {
    ends: ['succeeded', 'succeeded'],
    world: { unlimited: true },
    run: async (world) => {
      const [code, status] = ['token_limit_exceeded', 429] as const;
      world.simulator.addFaults({ at: 'create', action: { kind: 'status', status, code } });
      world.simulator.addFaults({ at: 'batch', nth: 1, action: { kind: 'fail', code } });
      const refused = await end(world, world.drop('input/refused.jsonl', ROW));
      world.simulator.addFaults({ at: 'create', action: { kind: 'reset', when: 'after' } });
      return [refused, await end(world, world.drop('input/lost.jsonl', ROW))];
    },
  },
  'a batch fails because its only row has more tokens than may be enqueued': {
    ends: ['partial'],
    run: async (world) => {
      const message = 'Enqueued token limit reached. Limit: 1 enqueued tokens.';
      world.simulator.addFaults({
        at: 'batch',
        action: { kind: 'fail', code: 'token_limit_exceeded', message },
      });
      return [await end(world, world.drop('input/rows.jsonl', ROW))];
    },
  },
  'the only row of a second round is rejected repeatedly because of its tokens': {
    ends: ['succeeded'],
    run: async (world) => {
      world.simulator.addFaults({ at: 'row', every: 1, action: { kind: 'error', code: 'INFERENCE_3107' } });
      const collect = world.hold('collect-results');
      const jobId = await world.drop('input/rows.jsonl', ROW);
      await collect.reached;
      const message = 'Too many enqueued tokens.';
      const action = { kind: 'status', status: 429, code: 'token_limit_exceeded', message } as const;
      // The rejections last more than half an hour. After that, a file with more than one row would count as too large.
      world.simulator.addFaults({ at: 'create', action, times: 18 });
      collect.release();
      return [await end(world, jobId)];
    },
  },
} satisfies Stories;

/** Gives the provider's only slot to a shard of another job, which has these files. */
async function holdSlot({ store }: RoleWorld, files: Readonly<Record<string, unknown>>): Promise<void> {
  await store.put('slots/simulator/0.json', '{"jobId":"earlier","shard":0}');
  await store.put('jobs/earlier/job.json', '{"profile":{"rounds":2,"provider":{"name":"simulator"}}}');
  for (const [name, value] of Object.entries(files))
    await store.put(`jobs/earlier/shards/00000/${name}`, JSON.stringify(value));
}
