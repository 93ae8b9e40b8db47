import { buildTableKey } from '../../../src/checkpoints/keys.ts';
import { buildStateObject } from '../../../src/rows/build-state.ts';
import { createUniqueIds } from '../../../src/rows/ids/unique-ids.ts';
import { MAX_SOURCES } from '../../../src/store/join-objects.ts';
import type { ObjectStore } from '../../../src/store/object-store.ts';
import {
  INPUTS,
  INVALID_ROW,
  LONG_ROWS,
  LONG_ROW_COUNT,
  NEVER_ENOUGH,
  ROW,
  differentRows,
  end,
  post,
  type Stories,
} from './story.ts';

/** Stories about the build of requests from inputs. */
export const BUILD_STORIES = {
  'no row is valid': {
    ends: ['failed'],
    run: async (world) => [await end(world, world.drop('input/rows.jsonl', INVALID_ROW))],
  },
  'an id is repeated': {
    ends: ['partial'],
    run: async (world) => [
      await end(world, world.drop('input/rows.jsonl', '{"custom_id":"a","prompt":"x"}\n'.repeat(2))),
    ],
  },
  'a strict job has an invalid row': {
    ends: ['failed'],
    run: async (world) => [
      await end(
        world,
        post(world, '/jobs', { rows: [{ prompt: 'hello' }, { nothing: true }], overrides: { strict: true } }),
      ),
    ],
  },
  'steps never have enough time': {
    ends: ['partial'],
    world: { time: NEVER_ENOUGH },
    run: async (world) => {
      await world.store.put('staged/a.jsonl', INVALID_ROW + LONG_ROWS);
      await world.store.put('staged/b.jsonl', LONG_ROWS);
      const asked = JSON.stringify({ inputs: ['staged/a.jsonl', 'staged/b.jsonl'] });
      return [await end(world, world.drop('input/x.job.json', asked))];
    },
  },
  'large inputs from every source are built in slices': {
    ends: ['partial', 'succeeded', 'succeeded'],
    world: { time: NEVER_ENOUGH, sliceBytes: 65_536 },
    alsoWithoutVersions: true,
    run: async (world) => {
      // The later files repeat the requests of the first file.
      for (const key of INPUTS) await world.store.put(key, LONG_ROWS);
      await world.store.put('staged/a.jsonl', INVALID_ROW + LONG_ROWS);
      const ofSources = await end(world, world.drop('input/x.job.json', JSON.stringify({ inputs: INPUTS })));
      const submitted = await end(world, world.submit('rows.jsonl', LONG_ROWS + LONG_ROWS));
      const rows = Array.from({ length: 90 }, (_, n) => ({ prompt: `row ${n} ${'x'.repeat(3_000)}` }));
      return [ofSources, submitted, await end(world, post(world, '/jobs', { rows }))];
    },
  },
  'a slice fails, and is built when the file is dropped again': {
    ends: ['failed', 'succeeded'],
    world: { sliceBytes: 65_536 },
    run: async (world) => {
      // A step that fails with an unknown error is called three times.
      for (let n = 0; n < 3; n += 1) world.crashBefore(/slice-000001\.noted\.json$/, () => Promise.resolve());
      const failed = await end(world, world.drop('input/rows.jsonl', LONG_ROWS + LONG_ROWS));
      return [failed, await end(world, world.drop('input/rows.jsonl', LONG_ROWS + LONG_ROWS))];
    },
  },
  'a large table ends within a cell': {
    ends: ['failed'],
    world: { sliceBytes: 65_536 },
    run: async (world) => [
      await end(world, world.drop('input/rows.csv', `prompt\n${'plain\n'.repeat(50_000)}"never closed\n`)),
    ],
  },
  'an id has the same hash as the id of an earlier row': {
    ends: ['succeeded'],
    world: { time: NEVER_ENOUGH },
    run: async (world) => {
      const first = world.hold('build-requests');
      const jobId = await world.drop('input/rows.jsonl', LONG_ROWS);
      await first.reached;
      const second = world.hold('build-requests');
      first.release();
      await second.reached;
      await shareHash(world.store, jobId, `row-${String(LONG_ROW_COUNT).padStart(8, '0')}`);
      second.release();
      return [await end(world, jobId)];
    },
  },
  'a job has more shards than one join takes': {
    ends: ['partial'],
    run: async (world) => [
      await end(world, world.drop('input/divided/rows.jsonl', ROW + INVALID_ROW.repeat(MAX_SOURCES + 1))),
    ],
  },
  'the rows of a pilot are chosen from several inputs in many calls': {
    ends: ['partial'],
    world: { time: NEVER_ENOUGH },
    run: async (world) => {
      await world.store.put('staged/a.jsonl', INVALID_ROW + differentRows(4));
      await world.store.put('staged/b.jsonl', ROW);
      const asked = { profile: 'chosen', inputs: ['staged/a.jsonl', 'staged/b.jsonl'] };
      return [await end(world, world.drop('input/x.job.json', JSON.stringify(asked)))];
    },
  },
  'shards do not get their part of the plan as input': {
    ends: ['succeeded'],
    world: { withoutPlan: true },
    run: async (world) => [await end(world, world.drop('input/rows.jsonl', ROW))],
  },
  'requests of the first round, of a pilot, and of the second round are damaged': {
    ends: ['succeeded', 'failed'],
    run: async (world) => {
      const damage = (key: string) => () => world.store.put(key, ROW);
      const requestsOf = (jobId: string, round: number): string =>
        `jobs/${jobId}/shards/00000/round-${round}.requests.jsonl`;
      world.simulator.addFaults({ at: 'row', every: 1, action: { kind: 'error', code: 'INFERENCE_3107' } });
      const build = world.hold('build-requests');
      const jobId = await world.drop('input/rows.jsonl', differentRows(3));
      await build.reached;
      world.crashBefore(/to-run\.json$/, damage(requestsOf(jobId, 1)));
      const poll = world.hold('poll-batch');
      build.release();
      await poll.reached;
      const upload = world.hold('upload-file');
      poll.release();
      await upload.reached;
      await damage(requestsOf(jobId, 2))();
      upload.release();
      const ended = await end(world, jobId);
      const pilot = world.hold('build-requests');
      const piloted = await world.drop('input/piloted/rows.jsonl', differentRows(3));
      await pilot.reached;
      world.crashBefore(/jobs\/[^/]*\/plan\.json$/, damage(requestsOf(piloted, 1)));
      pilot.release();
      // Nobody approves the job.
      return [ended, await end(world, piloted)];
    },
  },
} satisfies Stories;

/** Gives a row of a saved build the hash of this id. */
async function shareHash(store: ObjectStore, jobId: string, id: string): Promise<void> {
  const { turn, seed } = await buildStateObject.require(store, jobId);
  const key = buildTableKey({ jobId, turn }, 'ids');
  const ids = createUniqueIds(seed);
  ids.add(id);
  const saved = (await store.get(key)) ?? Buffer.alloc(0);
  await store.put(key, Buffer.concat([saved, ...ids.dump()]));
}
