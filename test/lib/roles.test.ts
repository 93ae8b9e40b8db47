import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { STEPS } from '../../lib/step-table.ts';
import type { Summary } from '../../src/checkpoints/summary.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { openRoleWorld, type RoleWorld } from './role-world.ts';
import { Roles } from './roles.ts';
import { callSites } from './call-sites.ts';

/** What happens to some jobs, and how they end. */
type Story = (world: RoleWorld) => Promise<Summary['status'][]>;

const ROW = '{"prompt":"hello"}\n';
const INVALID_ROW = '{"nothing":true}\n';

/** Together they go every way on which a function touches the bucket, an execution or the provider. */
const STORIES = {
  'a job file names inputs of every place, and one row needs a second round': async (world) => {
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
    return [await end(world, world.drop('input/rows.jsonl', ROW.repeat(3)))];
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
  'a request names inputs of every place, some of them uploaded': async (world) => {
    await putInputs(world.store);
    for (const key of ['input/b.jsonl', 'staged/a.jsonl']) await send(world, '/uploads', json({ key }));
    return [await end(world, post(world, '/jobs', { inputs: INPUTS }))];
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
  'the only place at the provider is held by a job that has ended': async (world) => {
    await world.store.put('slots/simulator/0.json', '{"jobId":"earlier","shard":0}');
    await world.store.put('output/earlier/summary.json', '{}');
    return [await end(world, world.drop('input/rows.jsonl', ROW))];
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
} satisfies Readonly<Record<string, Story>>;

const roles = new Roles();
const ends = new Map<string, unknown>();

type StoryName = keyof typeof STORIES;

/** What is different on a bucket where somebody suspended versions. */
const OF_INPUTS: readonly StoryName[] = [
  'a job file names inputs of every place, and one row needs a second round',
  'a file is submitted from a command line',
  'schedules find files, find none, and name one that is not there',
  'a request names inputs of every place, some of them uploaded',
];

async function tell(name: StoryName, versioned: boolean): Promise<void> {
  await using world = await openRoleWorld(roles, { versioned });
  ends.set(`${name}, ${versioned}`, await STORIES[name](world).catch((error: unknown) => error));
}

const HOOK_MS = 300_000;

beforeAll(async () => {
  for (const name of Object.keys(STORIES) as StoryName[]) await tell(name, true);
  for (const name of OF_INPUTS) await tell(name, false);
  await using swept = await openRoleWorld(roles, { versioned: true });
  const [lost = ''] = await swept.sweep('input/rows.jsonl', ROW);
  ends.set('the event of a file is lost', [await end(swept, lost)]);
  // Its create takes the request lines themselves.
  await using inline = await openRoleWorld(roles, { versioned: true, dialect: 'anthropic' });
  const jobId = inline.drop('input/inline.jsonl', ROW);
  ends.set('a provider that takes no files', [await end(inline, jobId)]);
}, HOOK_MS);

/**
 * Files with places that no story reaches yet: callers who see their own jobs only, slots whose holder has a batch, a collect that
 * fails by name, unreadable lines that are asked again, a batch that is gone after its files were fetched. Their rights were
 * compared with the step table by reading. The list may only get shorter.
 */
const UNREACHED = [
  'src/api/own-jobs.ts',
  'src/batches/let-go.ts',
  'src/checkpoints/trouble.ts',
  'src/collect/round/collect-round.ts',
  'src/collect/round/ended-batch.ts',
  'src/collect/round/lost-rows.ts',
];

test('the stories reach every place that calls the store or an execution', () => {
  const unreached = callSites().filter((site) => !roles.sites.has(site));
  expect([...new Set(unreached.map((site) => site.replace(/:\d+$/, '')))]).toEqual(UNREACHED);
});

test('no call is made from a place that the list of places misses', () => {
  const known = new Set(callSites());
  expect([...roles.sites].filter((site) => !known.has(site))).toEqual([]);
});

/** Rights that no story uses yet: a shard that was stopped, and whose job then ends well, leaves this object to be deleted. */
const UNUSED: Readonly<Record<string, readonly string[]>> = {
  'write-results': ['s3:DeleteObject on <bucket>/jobs/*/shards/*/stopped.json'],
};

describe.each(Object.keys(STEPS))('%s', (step) => {
  test('may do everything that it does', () => {
    expect(roles.denied(step)).toEqual([]);
  });

  test('may do nothing with objects and executions that it never does', () => {
    expect(roles.unused(step)).toEqual(UNUSED[step] ?? []);
  });
});

const ENDS: readonly [StoryName, ...Summary['status'][]][] = [
  ['a job file names inputs of every place, and one row needs a second round', 'partial'],
  ['a job file brings its rows', 'succeeded'],
  ['a job file asks for what cannot be', 'failed'],
  ['no row is valid', 'failed'],
  ['the account is denied, and the job goes on when it is dropped again', 'failed', 'succeeded'],
  ['the account is denied once the file is uploaded', 'failed'],
  ['a file is too large for the provider', 'succeeded'],
  ['a file is submitted from a command line', 'succeeded'],
  ['schedules find files, find none, and name one that is not there', 'succeeded', 'empty', 'failed'],
  ['a request brings its rows, and is looked at, cancelled and resumed', 'cancelled', 'succeeded'],
  ['a request names inputs of every place, some of them uploaded', 'partial'],
  ['the only place at the provider is held by a job that has ended', 'succeeded'],
  ['an id comes twice', 'partial'],
  ['a row fails for good in its first round', 'partial'],
  ['rows that a batch leaves behind are sent row by row', 'succeeded'],
  ['a create is lost, and made again when its batch does not turn up', 'succeeded'],
  ['a batch that ended, and its file, are not found for a while', 'succeeded'],
  ['a job is looked at in its second round', 'succeeded'],
  ['a job file names a prefix', 'succeeded'],
  ['an event is delivered twice at the same time', 'succeeded'],
  ['a schedule is delivered twice at the same time', 'succeeded'],
  ['a job that was refused is resumed', 'failed'],
  ['a shard leaves no word', 'failed'],
  ['results cannot be written, and the job is announced without them'],
  ['an execution is stopped by hand', 'cancelled'],
];

test.each(ENDS)('%s: %s', (story, ...statuses) => {
  expect(ends.get(`${story}, true`)).toEqual(statuses);
});

test.each(ENDS.filter(([story]) => OF_INPUTS.includes(story)))(
  'on a bucket without versions, %s: %s',
  (story, ...statuses) => {
    expect(ends.get(`${story}, false`)).toEqual(statuses);
  },
);

test.each(['a provider that takes no files', 'the event of a file is lost'])('%s: succeeded', (story) => {
  expect(ends.get(story)).toEqual(['succeeded']);
});

const INPUTS = ['staged/a.jsonl', 'output/earlier/dead-letters.jsonl', 'input/b.jsonl'];

async function putInputs(store: ObjectStore): Promise<void> {
  for (const key of INPUTS) await store.put(key, ROW);
  await store.put('staged/a.jsonl', INVALID_ROW + ROW);
}

/** The next batch does not end before it is cancelled. */
function getStuck({ simulator }: RoleWorld): void {
  simulator.addFaults({ at: 'batch', action: { kind: 'stuck', status: 'in_progress', finished: 0 } });
}

/** How the job ends. */
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
