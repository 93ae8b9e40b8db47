import { z } from 'zod';
import { buildTableKey, REUSE_PREFIX } from '../../src/checkpoints/keys.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import type { StepTime } from '../../src/pace.ts';
import { MERGE_AT } from '../../src/reuse/merge-indexes.ts';
import { buildStateObject } from '../../src/rows/build-state.ts';
import { createUniqueIds } from '../../src/rows/ids/unique-ids.ts';
import { MAX_SOURCES } from '../../src/store/join-objects.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { KEY } from '../support/edges.ts';
import type { RoleWorld, RoleWorldOptions } from './role-world.ts';

/** Runs some jobs, and returns how they ended. */
export type Story = (world: RoleWorld) => Promise<Summary['status'][]>;

const ROW = '{"prompt":"hello"}\n';
const INVALID_ROW = '{"nothing":true}\n';
/** Rows with different requests. */
const differentRows = (count: number): string =>
  Array.from({ length: count }, (_, n) => `{"prompt":"hello ${n}"}\n`).join('');
const LONG_ROW_COUNT = 60;
/** More bytes than a step reads at once. */
const LONG_ROWS = Array.from(
  { length: LONG_ROW_COUNT },
  (_, n) => `{"prompt":"row ${n} ${'x'.repeat(3_000)}"}\n`,
).join('');

/** Writes markers as if many jobs of the same profile had reusable answers. */
async function leaveAnswers(store: ObjectStore, name: string): Promise<void> {
  const [marker] = await Array.fromAsync(store.list(REUSE_PREFIX));
  const scope = marker?.key.split('/')[1];
  for (let n = 0; n < MERGE_AT; n += 1)
    await store.put(`${REUSE_PREFIX}${scope}/9000000000000-${name}-${n}`, '');
}

/** Together, the stories cover every call of a function to the bucket, an execution or the provider. */
export const STORIES = {
  'a job file names inputs from every source, and one row needs a second round': async (world) => {
    world.simulator.addFaults({ at: 'row', every: 2, action: { kind: 'error', code: 'INFERENCE_3107' } });
    await putInputs(world.store);
    return [await end(world, world.drop('input/all.job.json', JSON.stringify({ inputs: INPUTS })))];
  },
  'a job file brings its rows': async (world) => [
    await end(world, world.drop('input/x.job.json', `{"rows":[${ROW.trim()}]}`)),
  ],
  'a job file asks for what cannot be': async (world) => [
    await end(world, world.drop('input/x.job.json', '{"inputs":["staged/none.csv"]}')),
  ],
  'no row is valid': async (world) => [await end(world, world.drop('input/rows.jsonl', INVALID_ROW))],
  'the account is denied, and the job goes on when it is dropped again': async (world) => {
    world.simulator.addFaults({ at: 'row', every: 1, action: { kind: 'error', code: 'BILLING_2003' } });
    const denied = await end(world, world.drop('input/rows.jsonl', ROW));
    return [denied, await end(world, world.drop('input/rows.jsonl', ROW))];
  },
  'the account is denied once the file is uploaded': async (world) => {
    const action = { kind: 'status', status: 402, code: 'BILLING_2003' } as const;
    world.simulator.addFaults({ at: 'create', action });
    return [await end(world, world.drop('input/rows.jsonl', ROW))];
  },
  'a file is too large for the provider': async (world) => {
    world.simulator.addFaults({ at: 'upload', action: { kind: 'status', status: 413 } });
    return [await end(world, world.drop('input/rows.jsonl', differentRows(3)))];
  },
  'each round takes a part of the rows, and one of them is answered with nothing of use': async (world) => {
    world.simulator.addFaults({ at: 'upload', action: { kind: 'status', status: 413 }, times: 1 });
    world.simulator.addFaults({ at: 'row', every: 2, action: { kind: 'error', code: 'INFERENCE_3107' } });
    const rows = ['one', 'two', 'three'].map((prompt) => ({ prompt }));
    return [await end(world, post(world, '/jobs', { rows, profile: 'twice' }))];
  },
  'a file is submitted from a command line': async (world) => [
    await end(world, world.submit('rows.jsonl', ROW)),
  ],
  'schedules find files, find none, and name one that is not there': async (world) => {
    await world.store.put('staged/inbox/a.jsonl', ROW);
    const full = await end(world, world.fire('hourly', '2026-11-01T22:00:00Z'));
    const empty = await end(world, world.fire('hourly', '2026-11-01T23:00:00Z'));
    return [full, empty, await end(world, world.fire('nightly', '2026-11-01T22:00:00Z'))];
  },
  'a request brings its rows, and is looked at, cancelled and resumed': async (world) => {
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
  'a request names inputs from every source, some of them uploaded': async (world) => {
    await putInputs(world.store);
    for (const key of ['input/b.jsonl', 'staged/a.jsonl']) await send(world, '/uploads', json({ key }));
    return [await end(world, post(world, '/jobs', { inputs: INPUTS }))];
  },
  'a sample runs and ends, and the job of all rows takes its answers': async (world) => {
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
  'answers are files': async (world) => [
    await end(
      world,
      post(world, '/jobs', {
        rows: [{ prompt: 'a cog' }],
        overrides: { endpoint: '/v1/images/generations', model: 'm' },
      }),
    ),
  ],
  'a small job is sent row by row': async (world) => [
    await end(world, post(world, '/jobs', { rows: [{ prompt: 'hello' }], overrides: { small: 'direct' } })),
  ],
  'shards are not told what the plan says of them': async (world) => [
    await end(world, world.drop('input/rows.jsonl', ROW)),
  ],
  'the only slot at the provider is held by a job that has ended': async (world) => {
    await world.store.put('slots/simulator/0.json', '{"jobId":"earlier","shard":0}');
    await world.store.put('output/earlier/summary.json', '{}');
    return [await end(world, world.drop('input/rows.jsonl', ROW))];
  },
  'rows would pass budgets of money, and jobs go on within them': async (world) => {
    const rows = [1, 2].map((n) => ({ prompt: `hello ${n}` }));
    const dropped = (): Promise<string> => world.drop('input/priced/rows.jsonl', differentRows(3));
    const ofMonth = [await end(world, dropped()), await end(world, dropped())];
    const asked = { rows, profile: 'priced', overrides: { budget: { max: 5 } } };
    const over = await post(world, '/jobs', asked);
    const refused = await end(world, over);
    const again = await end(world, post(world, `/jobs/${over}/resume`));
    return [...ofMonth, refused, again, await end(world, post(world, '/jobs', { rows, profile: 'priced' }))];
  },
  'a job with a budget of money is denied after its upload, goes on, and asks a row again': async (world) => {
    const denied = { kind: 'status', status: 402, code: 'BILLING_2003' } as const;
    world.simulator.addFaults({ at: 'create', action: denied });
    world.simulator.addFaults({ at: 'delete', action: { kind: 'status', status: 400 } });
    world.simulator.addFaults({ at: 'row', every: 1, action: { kind: 'error', code: 'INFERENCE_3107' } });
    const dropped = (): Promise<string> => world.drop('input/priced/rows.jsonl', ROW);
    return [await end(world, dropped()), await end(world, dropped())];
  },
  'rows that are left go up to the next models': async (world) => {
    const action = { kind: 'error', code: 'NO_SUCH_THING', status: 400 } as const;
    world.simulator.addFaults({ at: 'row', ids: ['b'], times: 2, action });
    world.simulator.addFaults({ at: 'row', ids: ['a'], action: { kind: 'unreadable' } });
    const rows = ['a', 'b'].map((id) => JSON.stringify({ custom_id: id, prompt: id }));
    return [await end(world, world.drop('input/laddered/rows.jsonl', rows.join('\n')))];
  },
  'rows have answers in earlier jobs, and a retry has some of them': async (world) => {
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
    return [first, retried, second, await end(world, world.drop('input/reusing/third.jsonl', rows('cbad')))];
  },
  'a job with repeated rows, whose answers may be reused, and its retry end in many calls': async (world) => {
    const action = { kind: 'error', code: 'NO_SUCH_THING', status: 400 } as const;
    world.simulator.addFaults({ at: 'row', ids: ['b'], times: 1, action });
    const rows = ['a', 'b', 'twin', 'c'].map((id) => ({ custom_id: id, prompt: id === 'twin' ? 'a' : id }));
    const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    const jobId = await world.drop('input/repeating/rows.jsonl', lines);
    const first = await end(world, jobId);
    return [first, await end(world, post(world, `/jobs/${jobId}/retry`))];
  },
  'an id comes twice': async (world) => [
    await end(world, world.drop('input/rows.jsonl', '{"custom_id":"a","prompt":"x"}\n'.repeat(2))),
  ],
  'a row fails for good in its first round': async (world) => {
    const action = { kind: 'error', code: 'NO_SUCH_THING', status: 400 } as const;
    world.simulator.addFaults({ at: 'row', every: 1, action });
    return [await end(world, world.drop('input/rows.jsonl', ROW))];
  },
  'rows that a batch leaves behind are sent row by row': async (world) => {
    const action = { kind: 'end', as: 'expired', finished: 0 } as const;
    world.simulator.addFaults({ at: 'batch', action });
    const rows = [1, 2, 3].map((n) => ({ prompt: `hello ${n}` }));
    return [await end(world, post(world, '/jobs', { rows, overrides: { late: 'direct' } }))];
  },
  'a create is lost, and made again when its batch does not turn up': async (world) => {
    world.simulator.addFaults({ at: 'create', action: { kind: 'reset', when: 'before' } });
    return [await end(world, world.drop('input/rows.jsonl', ROW))];
  },
  'a create is lost and made again, and the second batch fails while the first one runs': async (world) => {
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
  'a create is lost at a provider whose batches show nothing of their origin': async (world) => {
    world.simulator.addFaults({ at: 'create', action: { kind: 'reset', when: 'after' } });
    const create = world.hold('create-batch');
    const jobId = await world.drop('input/inline.jsonl', ROW);
    await create.reached;
    const batch = { batchId: 'of-another-shard', createdAt: 1, deadline: 2 };
    await world.store.put(`jobs/${jobId}/shards/00009/round-1.batch.json`, JSON.stringify(batch));
    create.release();
    return [await end(world, jobId)];
  },
  'a batch never shows its answers': async (world) => {
    world.simulator.addFaults({ at: 'batch', action: { kind: 'no-output' } });
    return [await end(world, world.drop('input/rows.jsonl', ROW))];
  },
  'a batch that ended, and its file, are not found for a while': async (world) => {
    const collect = world.hold('collect-results');
    const jobId = world.drop('input/rows.jsonl', ROW);
    await collect.reached;
    for (const at of ['get', 'content'] as const) {
      world.simulator.addFaults({ at, action: { kind: 'status', status: 404 } });
    }
    collect.release();
    return [await end(world, jobId)];
  },
  'a job is looked at in its second round': async (world) => {
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
  'a job file names a prefix': async (world) => {
    await world.store.put('staged/a.jsonl', ROW);
    return [await end(world, world.drop('input/x.job.json', '{"prefix":"staged/"}'))];
  },
  'an event is delivered twice at the same time': async (world) => {
    world.outrun(/job\.json$/);
    return [await end(world, world.drop('input/rows.jsonl', ROW))];
  },
  'a schedule is delivered twice at the same time': async (world) => {
    await world.store.put('staged/inbox/a.jsonl', ROW);
    await world.store.put('staged/inbox/b.jsonl', ROW);
    world.outrun(/candidates\.json$/);
    world.outrun(/^claims\//, '{"jobId":"another","key":"staged/inbox/a.jsonl"}');
    return [await end(world, world.fire('hourly', '2026-11-01T22:00:00Z'))];
  },
  'the rows of a scheduled job are refused, and the next run has its files again': async (world) => {
    await world.store.put('staged/inbox/a.jsonl', INVALID_ROW);
    const refused = await end(world, world.fire('hourly', '2026-11-01T22:00:00Z'));
    return [refused, await end(world, world.fire('hourly', '2026-11-01T23:00:00Z'))];
  },
  'a job that was refused is resumed': async (world) => {
    const refused = await world.drop('input/x.job.json', '{"inputs":["staged/none.csv"]}');
    const { status } = await world.api.request(`/jobs/${refused}/resume`, json({}));
    if (status !== 409) throw new Error(`The resume was answered ${status}.`);
    return [await end(world, refused)];
  },
  'a shard leaves no word': async (world) => {
    world.break('collect-results');
    return [await end(world, world.drop('input/rows.jsonl', ROW))];
  },
  'results cannot be written, and the job is announced without them': async (world) => {
    world.break('write-results');
    await world.drop('input/rows.jsonl', ROW);
    await world.settled();
    return [];
  },
  'an execution is stopped by hand': async (world) => {
    getStuck(world);
    const poll = world.hold('poll-batch');
    const jobId = await world.drop('input/rows.jsonl', ROW);
    await poll.reached;
    await world.executions.stop(jobId, 'by hand');
    poll.release();
    return [await end(world, jobId)];
  },
  'a job is retried, and its retry is denied before it goes on': async (world) => {
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
  'the event of a file is lost': async (world) => {
    const [lost = ''] = await world.sweep('input/rows.jsonl', ROW);
    return [await end(world, lost)];
  },
  // Creating a batch sends the request lines themselves.
  'a provider that takes no files': async (world) => [
    await end(world, world.drop('input/inline.jsonl', ROW)),
  ],
  'callers who see their own jobs only start them, and look at each other’s': async (world) => {
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
  'the only slot at the provider is held by a batch that is nowhere': async (world) => {
    const batch = { batchId: 'batch_none', createdAt: 1, deadline: 2 };
    await holdSlot(world, { 'round-1.upload.json': { fileId: 'file-none' }, 'round-1.batch.json': batch });
    return [await end(world, world.drop('input/rows.jsonl', ROW))];
  },
  'the only slot at the provider is held by a shard that was stopped': async (world) => {
    await holdSlot(world, { 'stopped.json': { rows: 1, left: [] } });
    return [await end(world, world.drop('input/rows.jsonl', ROW))];
  },
  'the only slot at the provider is held by a shard that died before its batch was there': async (world) => {
    await holdSlot(world, { 'round-1.creating.json': { at: 1 } });
    const drop = (n: number): Promise<string> => world.drop(`input/rows-${n}.jsonl`, ROW);
    return [await end(world, drop(1)), await end(world, drop(2)), await end(world, drop(3))];
  },
  'shards of one job wait for the only slot at the provider': async (world) => [
    await end(world, world.drop('input/divided/rows.jsonl', differentRows(3))),
  ],
  'the provider refuses batches for their tokens, and a create is lost, before a limit is known': async (
    world,
  ) => {
    const [code, status] = ['token_limit_exceeded', 429] as const;
    world.simulator.addFaults({ at: 'create', action: { kind: 'status', status, code } });
    world.simulator.addFaults({ at: 'batch', nth: 1, action: { kind: 'fail', code } });
    const refused = await end(world, world.drop('input/refused.jsonl', ROW));
    world.simulator.addFaults({ at: 'create', action: { kind: 'reset', when: 'after' } });
    return [refused, await end(world, world.drop('input/lost.jsonl', ROW))];
  },
  'a shard has a slot at the provider that it took in an earlier version': async (world) => {
    const poll = world.hold('poll-batch');
    const jobId = await post(world, '/jobs', { rows: [{ prompt: 'hello' }] });
    await poll.reached;
    await world.store.put('slots/simulator/0.json', JSON.stringify({ jobId, shard: 0 }));
    poll.release();
    return [await end(world, jobId)];
  },
  'the answers of a batch cannot be fetched': async (world) => {
    world.simulator.addFaults({
      at: 'content',
      action: { kind: 'status', status: 500 },
      times: 'always',
    });
    return [await end(world, world.drop('input/rows.jsonl', ROW))];
  },
  'lines that cannot be read are asked again once': async (world) => {
    world.simulator.addFaults({ at: 'row', every: 1, action: { kind: 'unreadable' }, times: 'always' });
    return [await end(world, world.drop('input/rows.jsonl', differentRows(2)))];
  },
  'a batch goes with its file, when its answers are in the store and the step that fetched them died': async (
    world,
  ) => {
    world.crashBefore(/round-1\.collected\.json$/, async () => {
      const authorization = `Bearer ${KEY}`;
      for (const { id } of world.simulator.files())
        await fetch(`${world.simulator.url}/files/${id}`, { method: 'DELETE', headers: { authorization } });
    });
    return [await end(world, world.drop('input/rows.jsonl', ROW))];
  },
  'a file arrives in parts': async (world) => {
    world.simulator.addFaults({ at: 'batch', action: { kind: 'late', shows: 'short', seconds: 60 } });
    return [await end(world, world.drop('input/rows.jsonl', differentRows(3)))];
  },
  'a job that was cancelled is cancelled once more': async (world) => {
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
  'a job whose execution is not known is looked at': async (world) => {
    const jobId = await world.drop('input/rows.jsonl', ROW);
    const ended = await end(world, jobId);
    const job = await world.store.get(`jobs/${jobId}/job.json`);
    await world.store.put('jobs/forgotten/job.json', job ?? '');
    await send(world, '/jobs/forgotten');
    return [ended];
  },
  'steps never have enough time': async (world) => {
    await world.store.put('staged/a.jsonl', INVALID_ROW + LONG_ROWS);
    await world.store.put('staged/b.jsonl', LONG_ROWS);
    const asked = JSON.stringify({ inputs: ['staged/a.jsonl', 'staged/b.jsonl'] });
    return [await end(world, world.drop('input/x.job.json', asked))];
  },
  'rows go up to the next models, and the account is denied, while steps never have enough time': async (
    world,
  ) => {
    const action = { kind: 'error', code: 'NO_SUCH_THING', status: 400 } as const;
    world.simulator.addFaults({ at: 'row', ids: ['b'], times: 2, action });
    const rows = ['a', 'b', 'c'].map((id) => JSON.stringify({ custom_id: id, prompt: id })).join('\n');
    const raised = await end(world, world.drop('input/laddered/rows.jsonl', rows));
    world.simulator.addFaults({ at: 'row', every: 1, action: { kind: 'error', code: 'BILLING_2003' } });
    const denied = await end(world, world.drop('input/rows.jsonl', differentRows(4)));
    return [raised, denied, await end(world, world.drop('input/rows.jsonl', differentRows(4)))];
  },
  'large inputs from every source are built in slices': async (world) => {
    // The later files repeat the requests of the first file.
    for (const key of INPUTS) await world.store.put(key, LONG_ROWS);
    await world.store.put('staged/a.jsonl', INVALID_ROW + LONG_ROWS);
    const ofSources = await end(world, world.drop('input/x.job.json', JSON.stringify({ inputs: INPUTS })));
    const submitted = await end(world, world.submit('rows.jsonl', LONG_ROWS + LONG_ROWS));
    const rows = Array.from({ length: 90 }, (_, n) => ({ prompt: `row ${n} ${'x'.repeat(3_000)}` }));
    return [ofSources, submitted, await end(world, post(world, '/jobs', { rows }))];
  },
  'a slice fails, and is done again when the file is dropped again': async (world) => {
    // A step that fails with an unknown error is called three times.
    for (let n = 0; n < 3; n += 1) world.crashBefore(/slice-000001\.noted\.json$/, () => Promise.resolve());
    const failed = await end(world, world.drop('input/rows.jsonl', LONG_ROWS + LONG_ROWS));
    return [failed, await end(world, world.drop('input/rows.jsonl', LONG_ROWS + LONG_ROWS))];
  },
  'a large table ends inside of a cell': async (world) => [
    await end(world, world.drop('input/rows.csv', `prompt\n${'plain\n'.repeat(50_000)}"never closed\n`)),
  ],
  'ids share their hash with the id of an earlier row': async (world) => {
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
  'a job has more shards than are joined at once': async (world) => [
    await end(world, world.drop('input/divided/rows.jsonl', ROW + INVALID_ROW.repeat(MAX_SOURCES + 1))),
  ],
  'the rows of a pilot are chosen among several inputs in many calls': async (world) => {
    await world.store.put('staged/a.jsonl', INVALID_ROW + differentRows(4));
    await world.store.put('staged/b.jsonl', ROW);
    const asked = { profile: 'chosen', inputs: ['staged/a.jsonl', 'staged/b.jsonl'] };
    return [await end(world, world.drop('input/x.job.json', JSON.stringify(asked)))];
  },
  'a pilot is sent first, and a person rejects it and thinks better of it': async (world) => {
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
  'a job with all its results is cancelled, for a second batch of its rows still runs': async (world) => {
    const jobId = await post(world, '/jobs', { rows: [{ prompt: 'hello' }] });
    const before = await end(world, jobId);
    const twin = { batchId: 'batch_none', status: 'in_progress', files: {} };
    const twins = { twins: [{ ...twin, phase: 'running' }] };
    await world.store.put(`jobs/${jobId}/shards/00000/round-1.twins.json`, JSON.stringify(twins));
    const summary = { ...(await world.summary(jobId)), open: [{ ...twin, shard: 0, round: 1 }] };
    await world.store.put(`output/${jobId}/summary.json`, JSON.stringify(summary));
    return [before, await end(world, post(world, `/jobs/${jobId}/cancel`))];
  },
  'an earlier job has the answers of all rows': async (world) => {
    const drop = (name: string): Promise<string> => world.drop(`input/reusing/${name}.jsonl`, ROW);
    return [await end(world, drop('first')), await end(world, drop('second'))];
  },
  'a batch fails because its only row has more tokens than may be enqueued': async (world) => {
    const message = 'Enqueued token limit reached. Limit: 1 enqueued tokens.';
    world.simulator.addFaults({
      at: 'batch',
      action: { kind: 'fail', code: 'token_limit_exceeded', message },
    });
    return [await end(world, world.drop('input/rows.jsonl', ROW))];
  },
  'a row in its second round is refused for its tokens again and again, although it is alone': async (
    world,
  ) => {
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
  'requests of the first round, of a pilot, and of the second round are damaged': async (world) => {
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
  'a strict job has an invalid row': async (world) => [
    await end(
      world,
      post(world, '/jobs', { rows: [{ prompt: 'hello' }, { nothing: true }], overrides: { strict: true } }),
    ),
  ],
} satisfies Readonly<Record<string, Story>>;

export type StoryName = keyof typeof STORIES;

/** Statuses with which the jobs of each story end. */
export const ENDS: Readonly<Record<StoryName, readonly Summary['status'][]>> = {
  'a job file names inputs from every source, and one row needs a second round': ['partial'],
  'a job file brings its rows': ['succeeded'],
  'a job with a budget of money is denied after its upload, goes on, and asks a row again': [
    'failed',
    'succeeded',
  ],
  'a job with all its results is cancelled, for a second batch of its rows still runs': [
    'succeeded',
    'succeeded',
  ],
  'rows that are left go up to the next models': ['succeeded'],
  'requests of the first round, of a pilot, and of the second round are damaged': ['succeeded', 'failed'],
  'shards are not told what the plan says of them': ['succeeded'],
  'a job with repeated rows, whose answers may be reused, and its retry end in many calls': [
    'partial',
    'succeeded',
  ],
  'rows have answers in earlier jobs, and a retry has some of them': [
    'partial',
    'succeeded',
    'succeeded',
    'succeeded',
  ],
  'rows would pass budgets of money, and jobs go on within them': [
    'failed',
    'failed',
    'failed',
    'failed',
    'succeeded',
  ],
  'a job file asks for what cannot be': ['failed'],
  'no row is valid': ['failed'],
  'the account is denied, and the job goes on when it is dropped again': ['failed', 'succeeded'],
  'the account is denied once the file is uploaded': ['failed'],
  'each round takes a part of the rows, and one of them is answered with nothing of use': ['succeeded'],
  'a file is too large for the provider': ['succeeded'],
  'a file is submitted from a command line': ['succeeded'],
  'schedules find files, find none, and name one that is not there': ['succeeded', 'empty', 'failed'],
  'a request brings its rows, and is looked at, cancelled and resumed': ['cancelled', 'succeeded'],
  'a request names inputs from every source, some of them uploaded': ['partial'],
  'a sample runs and ends, and the job of all rows takes its answers': [
    'failed',
    'succeeded',
    'succeeded',
    'succeeded',
    'succeeded',
  ],
  'the only slot at the provider is held by a job that has ended': ['succeeded'],
  'an id comes twice': ['partial'],
  'a row fails for good in its first round': ['partial'],
  'rows that a batch leaves behind are sent row by row': ['succeeded'],
  'a create is lost, and made again when its batch does not turn up': ['succeeded'],
  'a create is lost and made again, and the second batch fails while the first one runs': ['succeeded'],
  'a create is lost at a provider whose batches show nothing of their origin': ['succeeded'],
  'a batch never shows its answers': ['failed'],
  'a batch that ended, and its file, are not found for a while': ['succeeded'],
  'a job is looked at in its second round': ['succeeded'],
  'a job file names a prefix': ['succeeded'],
  'an event is delivered twice at the same time': ['succeeded'],
  'a schedule is delivered twice at the same time': ['succeeded'],
  'a job that was refused is resumed': ['failed'],
  'a shard leaves no word': ['failed'],
  'results cannot be written, and the job is announced without them': [],
  'an execution is stopped by hand': ['cancelled'],
  'a job is retried, and its retry is denied before it goes on': [
    'partial',
    'failed',
    'succeeded',
    'succeeded',
  ],
  'the rows of a scheduled job are refused, and the next run has its files again': ['failed', 'failed'],
  'answers are files': ['succeeded'],
  'a small job is sent row by row': ['succeeded'],
  'the event of a file is lost': ['succeeded'],
  'a provider that takes no files': ['succeeded'],
  'callers who see their own jobs only start them, and look at each other’s': ['succeeded'],
  'the only slot at the provider is held by a batch that is nowhere': ['succeeded'],
  'the only slot at the provider is held by a shard that was stopped': ['succeeded'],
  'the only slot at the provider is held by a shard that died before its batch was there': [
    'succeeded',
    'succeeded',
    'succeeded',
  ],
  'a shard has a slot at the provider that it took in an earlier version': ['succeeded'],
  'shards of one job wait for the only slot at the provider': ['succeeded'],
  'the provider refuses batches for their tokens, and a create is lost, before a limit is known': [
    'succeeded',
    'succeeded',
  ],
  'the answers of a batch cannot be fetched': ['failed'],
  'lines that cannot be read are asked again once': ['partial'],
  'a batch goes with its file, when its answers are in the store and the step that fetched them died': [
    'succeeded',
  ],
  'a file arrives in parts': ['succeeded'],
  'a job that was cancelled is cancelled once more': ['cancelled', 'cancelled'],
  'a job whose execution is not known is looked at': ['succeeded'],
  'steps never have enough time': ['partial'],
  'rows go up to the next models, and the account is denied, while steps never have enough time': [
    'succeeded',
    'failed',
    'succeeded',
  ],
  'large inputs from every source are built in slices': ['partial', 'succeeded', 'succeeded'],
  'a slice fails, and is done again when the file is dropped again': ['failed', 'succeeded'],
  'a large table ends inside of a cell': ['failed'],
  'ids share their hash with the id of an earlier row': ['succeeded'],
  'a job has more shards than are joined at once': ['partial'],
  'the rows of a pilot are chosen among several inputs in many calls': ['partial'],
  'a pilot is sent first, and a person rejects it and thinks better of it': ['failed', 'succeeded'],
  'an earlier job has the answers of all rows': ['succeeded', 'succeeded'],
  'a batch fails because its only row has more tokens than may be enqueued': ['partial'],
  'a row in its second round is refused for its tokens again and again, although it is alone': ['succeeded'],
  'a strict job has an invalid row': ['failed'],
};

/** Each call of a step does one piece of work. */
const NEVER_ENOUGH: StepTime = { isShort: () => true, isOver: () => false };

/** Options of the stories that need another world. */
export const WORLDS: Readonly<Partial<Record<StoryName, Partial<RoleWorldOptions>>>> = {
  'a provider that takes no files': { dialect: 'anthropic' },
  'a create is lost at a provider whose batches show nothing of their origin': { dialect: 'anthropic' },
  'callers who see their own jobs only start them, and look at each other’s': { owner: 'caller' },
  'a batch goes with its file, when its answers are in the store and the step that fetched them died': {
    dialect: 'doubleword',
  },
  'shards are not told what the plan says of them': { untold: true },
  'steps never have enough time': { time: NEVER_ENOUGH },
  'rows go up to the next models, and the account is denied, while steps never have enough time': {
    time: NEVER_ENOUGH,
  },
  'the rows of a pilot are chosen among several inputs in many calls': { time: NEVER_ENOUGH },
  'a job with repeated rows, whose answers may be reused, and its retry end in many calls': {
    time: NEVER_ENOUGH,
  },
  'large inputs from every source are built in slices': { time: NEVER_ENOUGH, sliceBytes: 65_536 },
  'a slice fails, and is done again when the file is dropped again': { sliceBytes: 65_536 },
  'a large table ends inside of a cell': { sliceBytes: 65_536 },
  'the provider refuses batches for their tokens, and a create is lost, before a limit is known': {
    unlimited: true,
  },
  'ids share their hash with the id of an earlier row': { time: NEVER_ENOUGH },
};

/** Stories that are also run in a bucket with suspended versions, because they read other inputs there. */
export const OF_INPUTS: readonly StoryName[] = [
  'large inputs from every source are built in slices',
  'a job file names inputs from every source, and one row needs a second round',
  'a file is submitted from a command line',
  'schedules find files, find none, and name one that is not there',
  'a request names inputs from every source, some of them uploaded',
];

const INPUTS = ['staged/a.jsonl', 'output/earlier/dead-letters.jsonl', 'input/b.jsonl'];

async function putInputs(store: ObjectStore): Promise<void> {
  for (const key of INPUTS) await store.put(key, ROW);
  await store.put('staged/a.jsonl', INVALID_ROW + ROW);
}

/** Makes the next batch run until it is cancelled. */
function getStuck({ simulator }: RoleWorld): void {
  simulator.addFaults({ at: 'batch', action: { kind: 'stuck', status: 'in_progress', finished: 0 } });
}

/** Waits for the end of the job and returns its status. */
async function end(world: RoleWorld, jobId: string | Promise<string>): Promise<Summary['status']> {
  const id = await jobId;
  await world.settled();
  return (await world.summary(id)).status;
}

const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

async function post(world: RoleWorld, path: string, body: unknown = {}): Promise<string> {
  return z.object({ jobId: z.string() }).parse(await send(world, path, json(body))).jobId;
}

async function send({ api }: RoleWorld, path: string, init?: RequestInit): Promise<unknown> {
  const answer = await api.request(path, init);
  if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

async function expectStatus(
  { api }: RoleWorld,
  status: number,
  path: string,
  init?: RequestInit,
): Promise<void> {
  const answer = await api.request(path, init);
  if (answer.status !== status)
    throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
}

/** Gives a row of a saved build the hash of this id. */
async function shareHash(store: ObjectStore, jobId: string, id: string): Promise<void> {
  const { turn, seed } = await buildStateObject.require(store, jobId);
  const key = buildTableKey({ jobId, turn }, 'ids');
  const ids = createUniqueIds(seed);
  ids.add(id);
  const saved = (await store.get(key)) ?? Buffer.alloc(0);
  await store.put(key, Buffer.concat([saved, ...ids.dump()]));
}

/** Gives the provider's only slot to a shard of another job, which has these files. */
async function holdSlot({ store }: RoleWorld, files: Readonly<Record<string, unknown>>): Promise<void> {
  await store.put('slots/simulator/0.json', '{"jobId":"earlier","shard":0}');
  await store.put('jobs/earlier/job.json', '{"profile":{"rounds":2,"provider":{"name":"simulator"}}}');
  for (const [name, value] of Object.entries(files))
    await store.put(`jobs/earlier/shards/00000/${name}`, JSON.stringify(value));
}
