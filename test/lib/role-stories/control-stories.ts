import { ROW, differentRows, end, expectStatus, getStuck, json, post, send, type Stories } from './story.ts';

/** Stories about jobs that people read, cancel, resume, retry and approve. */
export const CONTROL_STORIES = {
  'a job is read, cancelled and resumed through the API': {
    ends: ['cancelled', 'succeeded'],
    run: async (world) => {
      getStuck(world);
      const poll = world.hold('poll-batch');
      const jobId = await post(world, '/jobs', { rows: [{ prompt: 'hello' }] });
      await poll.reached;
      await send(world, '/jobs');
      await send(world, '/jobs?status=succeeded');
      await send(world, `/jobs/${jobId}`);
      await post(world, `/jobs/${jobId}/cancel`);
      poll.release();
      const cancelled = await end(world, jobId);
      await send(world, `/jobs/${jobId}`);
      return [cancelled, await end(world, post(world, `/jobs/${jobId}/resume`))];
    },
  },
  'a job is read in its second round': {
    ends: ['succeeded'],
    run: async (world) => {
      const action = { kind: 'error', code: 'INFERENCE_3107' } as const;
      world.simulator.addFaults({ at: 'row', every: 1, action });
      const poll = world.hold('poll-batch');
      const jobId = await world.drop('input/rows.jsonl', ROW);
      await poll.reached;
      const create = world.hold('create-batch');
      poll.release();
      await create.reached;
      await send(world, `/jobs/${jobId}`);
      create.release();
      return [await end(world, jobId)];
    },
  },
  'a job with an unknown execution is read': {
    ends: ['succeeded'],
    run: async (world) => {
      const jobId = await world.drop('input/rows.jsonl', ROW);
      const ended = await end(world, jobId);
      const job = await world.store.get(`jobs/${jobId}/job.json`);
      await world.store.put('jobs/forgotten/job.json', job ?? '');
      await send(world, '/jobs/forgotten');
      return [ended];
    },
  },
  'a job that was refused is resumed': {
    ends: ['failed'],
    run: async (world) => {
      const refused = await world.drop('input/x.job.json', '{"inputs":["staged/none.csv"]}');
      const { status } = await world.api.request(`/jobs/${refused}/resume`, json({}));
      if (status !== 409) throw new Error(`The resume was answered ${status}.`);
      return [await end(world, refused)];
    },
  },
  'a cancelled job is cancelled again': {
    ends: ['cancelled', 'cancelled'],
    run: async (world) => {
      getStuck(world);
      const poll = world.hold('poll-batch');
      const jobId = await post(world, '/jobs', { rows: [{ prompt: 'hello' }] });
      await poll.reached;
      await post(world, `/jobs/${jobId}/cancel`);
      poll.release();
      const cancelled = await end(world, jobId);
      await post(world, `/jobs/${jobId}/cancel`);
      return [cancelled, await end(world, jobId)];
    },
  },
  'a job with all results is cancelled because a second batch of its rows still runs': {
    ends: ['succeeded', 'succeeded'],
    run: async (world) => {
      const jobId = await post(world, '/jobs', { rows: [{ prompt: 'hello' }] });
      const before = await end(world, jobId);
      const twin = { batchId: 'batch_none', status: 'in_progress', files: {} };
      const twins = { twins: [{ ...twin, phase: 'running' }] };
      await world.store.put(`jobs/${jobId}/shards/00000/round-1.twins.json`, JSON.stringify(twins));
      const summary = { ...(await world.summary(jobId)), open: [{ ...twin, shard: 0, round: 1 }] };
      await world.store.put(`output/${jobId}/summary.json`, JSON.stringify(summary));
      return [before, await end(world, post(world, `/jobs/${jobId}/cancel`))];
    },
  },
  'an execution is stopped by hand': {
    ends: ['cancelled'],
    run: async (world) => {
      getStuck(world);
      const poll = world.hold('poll-batch');
      const jobId = await world.drop('input/rows.jsonl', ROW);
      await poll.reached;
      await world.executions.stop(jobId, 'by hand');
      poll.release();
      return [await end(world, jobId)];
    },
  },
  'a job is retried, and its retry is denied before it succeeds': {
    ends: ['partial', 'failed', 'succeeded', 'succeeded'],
    run: async (world) => {
      const ids = ['row-00000002'];
      const permanent = { kind: 'error', code: 'NO_SUCH_THING', status: 400 } as const;
      world.simulator.addFaults({ at: 'row', ids, action: permanent });
      const images = { endpoint: '/v1/images/generations', model: 'm' };
      const rows = [{ prompt: 'a cog' }, { prompt: 'a hat' }];
      const jobId = await post(world, '/jobs', { rows, overrides: images });
      const first = await end(world, jobId);
      const denied = { kind: 'error', code: 'BILLING_2003' } as const;
      world.simulator.addFaults({ at: 'row', ids, action: denied, times: 2 });
      const failed = await end(world, post(world, `/jobs/${jobId}/retry`));
      const retried = await end(world, post(world, `/jobs/${jobId}/retry`));
      return [first, failed, retried, await end(world, jobId)];
    },
  },
  'a person rejects a pilot and approves it later': {
    ends: ['failed', 'succeeded'],
    run: async (world) => {
      await expectStatus(world, 404, '/jobs/none/approve', json({}));
      const poll = world.hold('poll-batch');
      const jobId = await world.drop('input/piloted/rows.jsonl', differentRows(3));
      await poll.reached;
      const first = world.hold('build-requests');
      poll.release();
      await first.reached;
      const second = world.hold('build-requests');
      first.release();
      await second.reached;
      await send(world, `/jobs/${jobId}`);
      // The first decision counts.
      for (const _ of [1, 2]) await post(world, `/jobs/${jobId}/reject`);
      second.release();
      const rejected = await end(world, jobId);
      const approved = await end(world, post(world, `/jobs/${jobId}/approve`));
      await post(world, `/jobs/${jobId}/approve`);
      return [rejected, approved];
    },
  },
} satisfies Stories;
