import { KEY } from '../../support/edges.ts';
import { ROW, differentRows, end, type Stories } from './story.ts';

/** Stories about providers and steps that fail. */
export const FAULT_STORIES = {
  'the account is denied, and the job continues when the file is dropped again': {
    ends: ['failed', 'succeeded'],
    run: async (world) => {
      world.simulator.addFaults({ at: 'row', every: 1, action: { kind: 'error', code: 'BILLING_2003' } });
      const denied = await end(world, world.drop('input/rows.jsonl', ROW));
      return [denied, await end(world, world.drop('input/rows.jsonl', ROW))];
    },
  },
  'the account is denied after the upload': {
    ends: ['failed'],
    run: async (world) => {
      const action = { kind: 'status', status: 402, code: 'BILLING_2003' } as const;
      world.simulator.addFaults({ at: 'create', action });
      return [await end(world, world.drop('input/rows.jsonl', ROW))];
    },
  },
  'a row fails permanently in its first round': {
    ends: ['partial'],
    run: async (world) => {
      const action = { kind: 'error', code: 'NO_SUCH_THING', status: 400 } as const;
      world.simulator.addFaults({ at: 'row', every: 1, action });
      return [await end(world, world.drop('input/rows.jsonl', ROW))];
    },
  },
  'a create is lost, and is repeated because its batch is not found': {
    ends: ['succeeded'],
    run: async (world) => {
      world.simulator.addFaults({ at: 'create', action: { kind: 'reset', when: 'before' } });
      return [await end(world, world.drop('input/rows.jsonl', ROW))];
    },
  },
  'a create is lost and repeated, and the second batch expires while the first one runs': {
    ends: ['succeeded'],
    run: async (world) => {
      world.simulator.addFaults({ at: 'create', action: { kind: 'reset', when: 'after' } });
      world.simulator.addFaults({
        at: 'batch',
        nth: 1,
        action: { kind: 'hidden', from: 'both', seconds: 400 },
      });
      world.simulator.addFaults({
        at: 'batch',
        nth: 1,
        action: { kind: 'stuck', status: 'in_progress', finished: 0 },
      });
      world.simulator.addFaults({ at: 'batch', nth: 2, action: { kind: 'end', as: 'expired', finished: 0 } });
      return [await end(world, world.drop('input/rows.jsonl', ROW))];
    },
  },
  'a create is lost at a provider whose batches show no origin': {
    ends: ['succeeded'],
    world: { dialect: 'anthropic' },
    run: async (world) => {
      world.simulator.addFaults({ at: 'create', action: { kind: 'reset', when: 'after' } });
      const create = world.hold('create-batch');
      const jobId = await world.drop('input/inline.jsonl', ROW);
      await create.reached;
      const batch = { batchId: 'of-another-shard', createdAt: 1, deadline: 2 };
      await world.store.put(`jobs/${jobId}/shards/00009/round-1.batch.json`, JSON.stringify(batch));
      create.release();
      return [await end(world, jobId)];
    },
  },
  'a batch never shows its answers': {
    ends: ['failed'],
    run: async (world) => {
      world.simulator.addFaults({ at: 'batch', action: { kind: 'no-output' } });
      return [await end(world, world.drop('input/rows.jsonl', ROW))];
    },
  },
  'a batch that has ended, and its file, are temporarily not found': {
    ends: ['succeeded'],
    run: async (world) => {
      const collect = world.hold('collect-results');
      const jobId = world.drop('input/rows.jsonl', ROW);
      await collect.reached;
      for (const at of ['get', 'content'] as const) {
        world.simulator.addFaults({ at, action: { kind: 'status', status: 404 } });
      }
      collect.release();
      return [await end(world, jobId)];
    },
  },
  'the provider shows half of a file at first': {
    ends: ['succeeded'],
    run: async (world) => {
      world.simulator.addFaults({ at: 'batch', action: { kind: 'late', shows: 'short', seconds: 60 } });
      return [await end(world, world.drop('input/rows.jsonl', differentRows(3)))];
    },
  },
  'the answers of a batch cannot be downloaded': {
    ends: ['failed'],
    run: async (world) => {
      world.simulator.addFaults({
        at: 'content',
        action: { kind: 'status', status: 500 },
        times: 'always',
      });
      return [await end(world, world.drop('input/rows.jsonl', ROW))];
    },
  },
  'rows with unreadable lines are sent again once': {
    ends: ['partial'],
    run: async (world) => {
      world.simulator.addFaults({ at: 'row', every: 1, action: { kind: 'unreadable' }, times: 'always' });
      return [await end(world, world.drop('input/rows.jsonl', differentRows(2)))];
    },
  },
  'the files of a batch are deleted, and the step that stored its answers dies': {
    ends: ['succeeded'],
    world: { dialect: 'doubleword' },
    run: async (world) => {
      world.crashBefore(/round-1\.collected\.json$/, async () => {
        const authorization = `Bearer ${KEY}`;
        for (const { id } of world.simulator.files())
          await fetch(`${world.simulator.url}/files/${id}`, { method: 'DELETE', headers: { authorization } });
      });
      return [await end(world, world.drop('input/rows.jsonl', ROW))];
    },
  },
  'the collect of a shard always fails': {
    ends: ['failed'],
    run: async (world) => {
      world.break('collect-results');
      return [await end(world, world.drop('input/rows.jsonl', ROW))];
    },
  },
  'results cannot be written, and the job is announced without them': {
    ends: [],
    run: async (world) => {
      world.break('write-results');
      await world.drop('input/rows.jsonl', ROW);
      await world.settled();
      return [];
    },
  },
} satisfies Stories;
