import { REUSE_PREFIX } from '../../../src/checkpoints/keys.ts';
import { MERGE_AT } from '../../../src/reuse/merge-indexes.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import { NEVER_ENOUGH, ROW, differentRows, end, post, type Stories } from './story.ts';

/** Stories about where answers come from: direct calls, ladders and earlier jobs, within budgets. */
export const ANSWER_STORIES = {
  'answers are files': {
    ends: ['succeeded'],
    run: async (world) => [
      await end(
        world,
        post(world, '/jobs', {
          rows: [{ prompt: 'a cog' }],
          overrides: { endpoint: '/v1/images/generations', model: 'm' },
        }),
      ),
    ],
  },
  'a small job is sent direct': {
    ends: ['succeeded'],
    run: async (world) => [
      await end(world, post(world, '/jobs', { rows: [{ prompt: 'hello' }], overrides: { small: 'direct' } })),
    ],
  },
  'rows of an expired batch are sent direct': {
    ends: ['succeeded'],
    run: async (world) => {
      const action = { kind: 'end', as: 'expired', finished: 0 } as const;
      world.simulator.addFaults({ at: 'batch', action });
      const rows = [1, 2, 3].map((n) => ({ prompt: `hello ${n}` }));
      return [await end(world, post(world, '/jobs', { rows, overrides: { late: 'direct' } }))];
    },
  },
  'rows without an answer move up to the next models': {
    ends: ['succeeded'],
    run: async (world) => {
      const action = { kind: 'error', code: 'NO_SUCH_THING', status: 400 } as const;
      world.simulator.addFaults({ at: 'row', ids: ['b'], times: 2, action });
      world.simulator.addFaults({ at: 'row', ids: ['a'], action: { kind: 'unreadable' } });
      const rows = ['a', 'b'].map((id) => JSON.stringify({ custom_id: id, prompt: id }));
      return [await end(world, world.drop('input/laddered/rows.jsonl', rows.join('\n')))];
    },
  },
  'rows move up to the next models, and the account is denied, while steps never have enough time': {
    ends: ['succeeded', 'failed', 'succeeded'],
    world: { time: NEVER_ENOUGH },
    run: async (world) => {
      const action = { kind: 'error', code: 'NO_SUCH_THING', status: 400 } as const;
      world.simulator.addFaults({ at: 'row', ids: ['b'], times: 2, action });
      const rows = ['a', 'b', 'c'].map((id) => JSON.stringify({ custom_id: id, prompt: id })).join('\n');
      const raised = await end(world, world.drop('input/laddered/rows.jsonl', rows));
      world.simulator.addFaults({ at: 'row', every: 1, action: { kind: 'error', code: 'BILLING_2003' } });
      const denied = await end(world, world.drop('input/rows.jsonl', differentRows(4)));
      return [raised, denied, await end(world, world.drop('input/rows.jsonl', differentRows(4)))];
    },
  },
  'jobs exceed budgets of money, and others stay within them': {
    ends: ['failed', 'failed', 'failed', 'failed', 'succeeded'],
    run: async (world) => {
      const rows = [1, 2].map((n) => ({ prompt: `hello ${n}` }));
      const dropped = (): Promise<string> => world.drop('input/priced/rows.jsonl', differentRows(3));
      const ofMonth = [await end(world, dropped()), await end(world, dropped())];
      const asked = { rows, profile: 'priced', overrides: { budget: { max: 5 } } };
      const over = await post(world, '/jobs', asked);
      const refused = await end(world, over);
      const again = await end(world, post(world, `/jobs/${over}/resume`));
      return [
        ...ofMonth,
        refused,
        again,
        await end(world, post(world, '/jobs', { rows, profile: 'priced' })),
      ];
    },
  },
  'a job with a budget of money is denied after its upload, continues, and sends a row again': {
    ends: ['failed', 'succeeded'],
    run: async (world) => {
      const denied = { kind: 'status', status: 402, code: 'BILLING_2003' } as const;
      world.simulator.addFaults({ at: 'create', action: denied });
      world.simulator.addFaults({ at: 'delete', action: { kind: 'status', status: 400 } });
      world.simulator.addFaults({ at: 'row', every: 1, action: { kind: 'error', code: 'INFERENCE_3107' } });
      const dropped = (): Promise<string> => world.drop('input/priced/rows.jsonl', ROW);
      return [await end(world, dropped()), await end(world, dropped())];
    },
  },
  'an earlier job has the answers of all rows': {
    ends: ['succeeded', 'succeeded'],
    run: async (world) => {
      const drop = (name: string): Promise<string> => world.drop(`input/reusing/${name}.jsonl`, ROW);
      return [await end(world, drop('first')), await end(world, drop('second'))];
    },
  },
  'rows have answers in earlier jobs, and a retry has some of them': {
    ends: ['partial', 'succeeded', 'succeeded', 'succeeded'],
    run: async (world) => {
      const action = { kind: 'error', code: 'NO_SUCH_THING', status: 400 } as const;
      world.simulator.addFaults({ at: 'row', ids: ['b'], times: 1, action });
      const rows = (ids: string): string =>
        ids
          .split('')
          .map((id) => `${JSON.stringify({ custom_id: id, prompt: id })}\n`)
          .join('');
      const jobId = await world.drop('input/reusing/first.jsonl', rows('ab'));
      const first = await end(world, jobId);
      const retried = await end(world, post(world, `/jobs/${jobId}/retry`));
      const build = world.hold('build-requests');
      const secondId = await world.drop('input/reusing/second.jsonl', rows('abc'));
      await build.reached;
      // A call that died while other answers were known leaves this.
      await world.store.put(`jobs/${secondId}/shards/00000/round-0.results.jsonl`, '{}\n');
      await leaveAnswers(world.store, 'earlier');
      build.release();
      const second = await end(world, secondId);
      // Now these indexes are merged. The indexes of the new markers are merged when the next job ends.
      await leaveAnswers(world.store, 'later');
      return [
        first,
        retried,
        second,
        await end(world, world.drop('input/reusing/third.jsonl', rows('cbad'))),
      ];
    },
  },
  'a job with repeated rows, whose answers may be reused, and its retry end in many calls': {
    ends: ['partial', 'succeeded'],
    world: { time: NEVER_ENOUGH },
    run: async (world) => {
      const action = { kind: 'error', code: 'NO_SUCH_THING', status: 400 } as const;
      world.simulator.addFaults({ at: 'row', ids: ['b'], times: 1, action });
      const rows = ['a', 'b', 'twin', 'c'].map((id) => ({ custom_id: id, prompt: id === 'twin' ? 'a' : id }));
      const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
      const jobId = await world.drop('input/repeating/rows.jsonl', lines);
      const first = await end(world, jobId);
      return [first, await end(world, post(world, `/jobs/${jobId}/retry`))];
    },
  },
} satisfies Stories;

/** Writes markers as if many jobs of the same profile had reusable answers. */
async function leaveAnswers(store: ObjectStore, name: string): Promise<void> {
  const [marker] = await Array.fromAsync(store.list(REUSE_PREFIX));
  const scope = marker?.key.split('/')[1];
  for (let n = 0; n < MERGE_AT; n += 1)
    await store.put(`${REUSE_PREFIX}${scope}/9000000000000-${name}-${n}`, '');
}
