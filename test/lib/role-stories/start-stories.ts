import { z } from 'zod';
import {
  INPUTS,
  INVALID_ROW,
  ROW,
  end,
  expectStatus,
  json,
  post,
  putInputs,
  send,
  type Stories,
} from './story.ts';

/** Stories about the ways in which jobs start. */
export const START_STORIES = {
  'a job file names inputs from every source, and one row needs a second round': {
    ends: ['partial'],
    alsoWithoutVersions: true,
    run: async (world) => {
      world.simulator.addFaults({ at: 'row', every: 2, action: { kind: 'error', code: 'INFERENCE_3107' } });
      await putInputs(world.store);
      return [await end(world, world.drop('input/all.job.json', JSON.stringify({ inputs: INPUTS })))];
    },
  },
  'a job file contains its rows': {
    ends: ['succeeded'],
    run: async (world) => [await end(world, world.drop('input/x.job.json', `{"rows":[${ROW.trim()}]}`))],
  },
  'a job file names a missing input': {
    ends: ['failed'],
    run: async (world) => [
      await end(world, world.drop('input/x.job.json', '{"inputs":["staged/none.csv"]}')),
    ],
  },
  'a job file names a prefix': {
    ends: ['succeeded'],
    run: async (world) => {
      await world.store.put('staged/a.jsonl', ROW);
      return [await end(world, world.drop('input/x.job.json', '{"prefix":"staged/"}'))];
    },
  },
  'the command line submits a file': {
    ends: ['succeeded'],
    alsoWithoutVersions: true,
    run: async (world) => [await end(world, world.submit('rows.jsonl', ROW))],
  },
  'a request names inputs from every source, some of them uploaded': {
    ends: ['partial'],
    alsoWithoutVersions: true,
    run: async (world) => {
      await putInputs(world.store);
      for (const key of ['input/b.jsonl', 'staged/a.jsonl']) await send(world, '/uploads', json({ key }));
      return [await end(world, post(world, '/jobs', { inputs: INPUTS }))];
    },
  },
  'jobs of all rows follow a sample that runs, and one that has ended': {
    ends: ['failed', 'succeeded', 'succeeded', 'succeeded', 'succeeded'],
    run: async (world) => {
      const rows = ['a', 'b'].map((id) => ({ custom_id: id, prompt: `echo:${id}` }));
      const poll = world.hold('poll-batch');
      const drop = (name: string, body: object): Promise<string> =>
        Promise.resolve(world.drop(`input/${name}.job.json`, JSON.stringify(body)));
      const sample = await drop('sample', { rows, limit: 1 });
      await poll.reached;
      const early = await drop('early', { rows });
      poll.release();
      const dropped = [
        await end(world, early),
        await end(world, sample),
        await end(world, drop('all', { rows })),
      ];
      const asked = [
        await end(world, post(world, '/jobs', { rows, limit: 1 })),
        await end(world, post(world, '/jobs', { rows })),
      ];
      return [...dropped, ...asked];
    },
  },
  'a caller who sees only their own jobs starts one, and another caller cannot read it': {
    ends: ['succeeded'],
    world: { owner: 'caller' },
    run: async (world) => {
      const uploaded = await send(world, '/uploads', json({ key: 'staged/a.jsonl' }));
      const { key } = z.object({ key: z.string() }).parse(uploaded);
      await world.store.put(key, ROW);
      const mine = await post(world, '/jobs', { inputs: [key] });
      const others = { 'x-caller': 'another' };
      await expectStatus(world, 404, `/jobs/${mine}`, { headers: others });
      const headers = { 'content-type': 'application/json', ...others };
      const theirs = { ...json({ inputs: [`output/${mine}/results.jsonl`] }), headers };
      await expectStatus(world, 422, '/jobs', theirs);
      return [await end(world, mine)];
    },
  },
  'schedules find files, find none, and name a missing one': {
    ends: ['succeeded', 'empty', 'failed'],
    alsoWithoutVersions: true,
    run: async (world) => {
      await world.store.put('staged/inbox/a.jsonl', ROW);
      const full = await end(world, world.fire('hourly', '2026-11-01T22:00:00Z'));
      const empty = await end(world, world.fire('hourly', '2026-11-01T23:00:00Z'));
      return [full, empty, await end(world, world.fire('nightly', '2026-11-01T22:00:00Z'))];
    },
  },
  'the rows of a scheduled job are refused, and the next run has its files again': {
    ends: ['failed', 'failed'],
    run: async (world) => {
      await world.store.put('staged/inbox/a.jsonl', INVALID_ROW);
      const refused = await end(world, world.fire('hourly', '2026-11-01T22:00:00Z'));
      return [refused, await end(world, world.fire('hourly', '2026-11-01T23:00:00Z'))];
    },
  },
  'an event is delivered twice at the same time': {
    ends: ['succeeded'],
    run: async (world) => {
      world.outrun(/job\.json$/);
      return [await end(world, world.drop('input/rows.jsonl', ROW))];
    },
  },
  'a schedule is delivered twice at the same time': {
    ends: ['succeeded'],
    run: async (world) => {
      await world.store.put('staged/inbox/a.jsonl', ROW);
      await world.store.put('staged/inbox/b.jsonl', ROW);
      world.outrun(/candidates\.json$/);
      world.outrun(/^claims\//, '{"jobId":"another","key":"staged/inbox/a.jsonl"}');
      return [await end(world, world.fire('hourly', '2026-11-01T22:00:00Z'))];
    },
  },
  'the event of a file is lost': {
    ends: ['succeeded'],
    run: async (world) => {
      const [lost = ''] = await world.sweep('input/rows.jsonl', ROW);
      return [await end(world, lost)];
    },
  },
} satisfies Stories;
