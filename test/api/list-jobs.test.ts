import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { pageSchema } from '../../src/api/schemas.ts';
import { indexKey, jobKey, summaryKey } from '../../src/checkpoints/keys.ts';
import { writeJson } from '../../src/store/json.ts';
import {
  endJob,
  expectProblem,
  jobIdOf,
  linksOf,
  openApi,
  START,
  summaryOf,
  type World,
} from './open-api.ts';
import { EXHAUSTIVE, tableOf } from '../support/exhaustive.ts';

type Page = z.output<typeof pageSchema>;

async function listed({ get }: World, query = ''): Promise<Page> {
  const { status, body } = await get(`/jobs${query}`);
  expect(status).toBe(200);
  return pageSchema.parse(body);
}

/** Follows the links from the first page to the last, and returns all pages. */
async function allPages(world: World, query: string): Promise<Page[]> {
  const pages = [await listed(world, `?${query}`)];
  for (let next = pages[0]?.next; next !== undefined; next = pages.at(-1)?.next) {
    pages.push(await listed(world, `?${query}&after=${next}`));
  }
  return pages;
}

const idsOf = ({ jobs }: Page): string[] => jobs.map(({ jobId }) => jobId);

/** Starts jobs a second apart. Returns their jobIds, newest first. */
async function startJobs(world: World, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < count; n += 1) {
    ids.unshift(jobIdOf(await world.post('/jobs', { rows: [n] })));
    world.pass(1_000);
  }
  return ids;
}

const namesOf = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `job-${String(n).padStart(3, '0')}`);

/** Writes jobs to the store without the API. Each is created `apart` milliseconds after the one before. */
async function putJobs({ store }: World, ids: readonly string[], apart = 0): Promise<void> {
  const profile = { name: 'default', provider: { name: 'simulator' } };
  for (const [n, jobId] of ids.entries()) {
    const createdAt = new Date(START + n * apart).toISOString();
    await writeJson(store, jobKey(jobId), { jobId, createdAt, profile, inputs: [] });
    await store.put(indexKey(createdAt, jobId), '');
  }
}

describe('the list of jobs', () => {
  test('is empty before the first job', async () => {
    expect(await listed(await openApi())).toEqual({ jobs: [] });
  });

  test('names a job whose record cannot be read, and lists the others', async () => {
    const world = await openApi();
    const ids = namesOf(3);
    await putJobs(world, ids, 1_000);
    await world.store.put(jobKey('job-001'), '{"jobId":');

    const page = await listed(world);

    expect(idsOf(page)).toEqual(['job-002', 'job-000']);
    expect(page.unreadable).toEqual(['job-001']);
  });

  test('has the newest first', async () => {
    const world = await openApi();

    const ids = await startJobs(world, 3);

    expect(idsOf(await listed(world))).toEqual(ids);
  });

  test('has the status and the URL of each job', async () => {
    const world = await openApi();
    const [running = '', ended = ''] = await startJobs(world, 2);
    await endJob(world, ended, 'succeeded');

    const { jobs } = await listed(world);

    expect(jobs).toEqual([
      {
        jobId: running,
        status: 'running',
        profile: 'default',
        createdAt: new Date(START + 1_000).toISOString(),
        links: linksOf(running),
      },
      {
        jobId: ended,
        status: 'succeeded',
        profile: 'default',
        createdAt: new Date(START).toISOString(),
        endedAt: new Date(START + 60_000).toISOString(),
        links: linksOf(ended),
      },
    ]);
  });

  test('includes a refused drop', async () => {
    const world = await openApi();
    const summary = { ...summaryOf('drop-1', 'failed'), startedAt: new Date(START).toISOString() };
    await writeJson(world.store, summaryKey('drop-1'), summary);
    await world.store.put(indexKey(summary.startedAt, 'drop-1'), '');

    expect((await listed(world)).jobs).toMatchObject([{ jobId: 'drop-1', status: 'failed' }]);
  });

  test('has a job only once that was refused before it started', async () => {
    const world = await openApi();
    const [jobId = ''] = await startJobs(world, 1);
    await world.store.put(indexKey(new Date(START - 5_000).toISOString(), jobId), '');

    expect(idsOf(await listed(world))).toEqual([jobId]);
  });

  test('leaves out deleted jobs', async () => {
    const world = await openApi();
    const [kept = '', deleted = ''] = await startJobs(world, 2);
    await world.store.delete(jobKey(deleted));

    expect(idsOf(await listed(world))).toEqual([kept]);
  });
});

describe('a page of jobs', () => {
  test('has as many as its limit', async () => {
    const world = await openApi();
    const ids = await startJobs(world, 5);

    const page = await listed(world, '?limit=2');

    expect(idsOf(page)).toEqual(ids.slice(0, 2));
    expect(page.next).toBeDefined();
  });

  test('has 50 without a limit', async () => {
    const world = await openApi();
    await putJobs(world, namesOf(51));

    expect((await listed(world)).jobs).toHaveLength(50);
  });

  tableOf([1, 7, 32, 33, 50, 65, 100], (limit) => limit === 33).test(
    'of %i leads to the next one, through 130 jobs, none left out and none twice',
    async (limit) => {
      const world = await openApi();
      const ids = namesOf(130);
      await putJobs(world, ids, 1_000);

      const pages = await allPages(world, `limit=${limit}`);

      expect(pages.flatMap(idsOf)).toEqual(ids.toReversed());
      expect(pages).toHaveLength(Math.ceil(130 / limit));
    },
  );

  test('links to the next page also among jobs of the same moment', async () => {
    const world = await openApi();
    const ids = namesOf(130);
    await putJobs(world, ids);

    expect((await allPages(world, 'limit=40')).flatMap(idsOf)).toEqual(ids);
  });

  test('that is full and last has no link to a next page', async () => {
    const world = await openApi();
    await startJobs(world, 4);

    const pages = await allPages(world, 'limit=2');

    expect(pages.map(({ jobs }) => jobs.length)).toEqual([2, 2]);
  });

  test('is not shifted by jobs that were started since the page before', async () => {
    const world = await openApi();
    const ids = await startJobs(world, 4);
    const { next = '' } = await listed(world, '?limit=2');

    jobIdOf(await world.post('/jobs', { rows: ['new'] }));

    expect(idsOf(await listed(world, `?after=${next}`))).toEqual(ids.slice(2));
  });
});

describe('jobs of one status', () => {
  test.for(['succeeded', 'partial', 'failed', 'cancelled'] as const)(
    'are those that ended so: %s',
    async (status) => {
      const world = await openApi();
      const [, other = '', wanted = ''] = await startJobs(world, 3);
      await endJob(world, wanted, status);
      await endJob(world, other, status === 'failed' ? 'partial' : 'failed');

      const page = await listed(world, `?status=${status}`);

      expect(page.jobs).toMatchObject([{ jobId: wanted, status }]);
    },
  );

  test('are those that run', async () => {
    const world = await openApi();
    const [running = '', cancelling = '', ended = ''] = await startJobs(world, 3);
    await world.post(`/jobs/${cancelling}/cancel`, {});
    await endJob(world, ended, 'failed');

    expect(idsOf(await listed(world, '?status=running'))).toEqual([running]);
    expect(idsOf(await listed(world, '?status=cancelling'))).toEqual([cancelling]);
  });

  test('are found page by page', EXHAUSTIVE, async () => {
    const world = await openApi();
    const ids = await startJobs(world, 30);
    const failed = ids.filter((_, n) => n % 3 === 0);
    for (const id of failed) await endJob(world, id, 'failed');

    const pages = await allPages(world, 'status=failed&limit=4');

    expect(pages.flatMap(idsOf)).toEqual(failed);
  });

  test('are found behind more jobs than one page examines', EXHAUSTIVE, async () => {
    const world = await openApi();
    const ids = namesOf(501);
    await putJobs(world, ids);
    await writeJson(world.store, summaryKey('job-500'), summaryOf('job-500', 'succeeded'));

    const pages = await allPages(world, 'status=succeeded');

    expect(pages.map(idsOf)).toEqual([[], ['job-500']]);
  });
});

describe('an invalid list request', () => {
  test.for([
    ['limit', '0'],
    ['limit', '101'],
    ['limit', '1.5'],
    ['limit', 'many'],
    ['limit', ''],
    ['limit', '1&limit=2'],
    ['status', 'done'],
    ['status', ''],
    ['after', ''],
    ['after', 'x'],
    ['after', '123-job'],
    ['after', '1234567890123-'],
    ['after', '1234567890123-../../jobs'],
    ['after', '1234567890123-job%00'],
  ])('is refused with the name of its parameter: %s=%s', async ([name = '', value = '']) => {
    const { get } = await openApi();

    const problem = expectProblem(await get(`/jobs?${name}=${value}`), 422, 'invalid-request');

    expect(problem.errors?.map(({ pointer }) => pointer)).toEqual([name]);
  });

  test('is refused with the names of all wrong parameters', async () => {
    const { get } = await openApi();

    const problem = expectProblem(await get('/jobs?limit=0&status=x&after=y'), 422, 'invalid-request');

    expect(problem.errors?.map(({ pointer }) => pointer).toSorted()).toEqual(['after', 'limit', 'status']);
  });
});
