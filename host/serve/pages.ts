import type { Context, Hono } from 'hono';
import { problem, rejectOtherTypes } from '../../src/api/problems.ts';
import { jobObject } from '../../src/checkpoints/job.ts';
import type { StartEdges } from '../../src/job-control/start-job.ts';
import { parseExact } from '../../src/exact-json.ts';
import { renderJobs, type ListedJob, type ListedSchedule } from '../../src/report/render-jobs.ts';
import { renderLiveReport } from '../../src/report/render-report.ts';
import { describeReport } from '../../src/report/report-data.ts';
import { parseJobRequest } from '../../src/requests/job-request.ts';
import { sideBySide } from '../../src/concurrency/side-by-side.ts';
import { readStatus, type JobOverview } from '../../src/status/job-status.ts';
import type { JobState } from '../../src/status/job-states.ts';
import { listJobs, type JobPage } from '../../src/status/list-jobs.ts';
import { readFacts } from './live-facts.ts';
import { planRows } from './plan-rows.ts';
import { addResultsPages } from './results-pages.ts';
import { servePage } from './serve-page.ts';

const JOBS_PER_PAGE = 50;

/** Pages of the list to read for one search. */
const SEARCHED_PAGES = 20;

/** The next time of each schedule, milliseconds since 1970. */
export type NextFires = () => readonly { readonly name: string; readonly time: number }[];

/** Pages for people: the list of jobs, and one page per job, which is updated while the job runs. */
export function addPages(app: Hono, edges: StartEdges, nextFires: NextFires): void {
  app.get('/', async (c) => {
    const { search, status, after } = queryOf(c);
    const { jobs, next } = await findJobs(edges, { search, status, after });
    const page = {
      jobs: await sideBySide(jobs, (job) => withDetails(edges, job)),
      next,
      profiles: Object.keys(edges.config.profiles),
      schedules: await listSchedules(edges, nextFires()),
      status,
      search,
    };
    const address = (changed: Readonly<Record<string, string | undefined>>): string =>
      addressOf({ q: search === '' ? undefined : search, status, ...changed });
    return servePage(
      c,
      renderJobs(page, {
        job: (jobId) => `/ui/${encodeURIComponent(jobId)}`,
        more: (behind) => address({ after: behind }),
        status: (wanted) => address({ status: wanted }),
      }),
    );
  });
  app.post('/ui/plan', async (c) => {
    await rejectOtherTypes(c, () => Promise.resolve());
    const request = parseJobRequest(parseExact(await c.req.text()));
    return c.json({ lines: await planRows(edges, request) });
  });
  app.get('/ui/:jobId', async (c) => {
    const jobId = c.req.param('jobId');
    const facts = await readFacts(edges, jobId);
    if (facts === undefined) return problem(c, 'no-such-job', { detail: `There is no job ${jobId}.` });
    const name = encodeURIComponent(jobId);
    // A retry's rows are in the results of the job that it retries.
    const { retry } = (await jobObject.read(edges.store, jobId)) ?? {};
    const whole = encodeURIComponent(retry?.jobId ?? jobId);
    const links = {
      results: `/ui/${whole}/results`,
      csv: `/ui/${whole}/results.csv`,
      profiles: Object.keys(edges.config.profiles),
      post: (action: string) => `/jobs/${name}/${action}`,
    };
    return servePage(c, renderLiveReport(describeReport(facts), '/', links));
  });
  addResultsPages(app, edges.store);
}

const STATES: readonly string[] = [
  'queued',
  'running',
  'waiting',
  'cancelling',
  'succeeded',
  'partial',
  'failed',
  'cancelled',
  'empty',
] satisfies JobState[];

interface Query {
  readonly search: string;
  readonly status: JobState | undefined;
  readonly after: string | undefined;
}

function queryOf(c: Context): Query {
  const status = c.req.query('status');
  return {
    search: c.req.query('q') ?? '',
    status: status !== undefined && STATES.includes(status) ? (status as JobState) : undefined,
    after: c.req.query('after'),
  };
}

function addressOf(query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  );
  return given.length === 0 ? '/' : `/?${given.join('&')}`;
}

/** Jobs whose id or profile contains the search text. */
async function findJobs(
  edges: StartEdges,
  { search, status, after }: Query,
): Promise<Pick<JobPage, 'jobs' | 'next'>> {
  const wanted = search.toLowerCase();
  const jobs: JobOverview[] = [];
  let next = after;
  for (let page = 0; page < SEARCHED_PAGES; page += 1) {
    const found = await listJobs(edges, { limit: JOBS_PER_PAGE - jobs.length, after: next, status });
    jobs.push(
      ...found.jobs.filter(({ jobId, profile }) => `${jobId} ${profile}`.toLowerCase().includes(wanted)),
    );
    next = found.next;
    if (next === undefined || jobs.length >= JOBS_PER_PAGE) break;
  }
  return { jobs, ...(next !== undefined && { next }) };
}

async function withDetails(edges: StartEdges, job: JobOverview): Promise<ListedJob> {
  return { ...job, details: await readStatus(edges, job.jobId) };
}

/** Number of jobs to read to find the jobs of a schedule, and number of them to show. */
const LOOKED_AT = 100;
const SHOWN_OF_SCHEDULE = 3;

async function listSchedules(edges: StartEdges, fires: ReturnType<NextFires>): Promise<ListedSchedule[]> {
  const names = Object.keys(edges.config.schedules ?? {});
  if (names.length === 0) return [];
  const { jobs } = await listJobs(edges, { limit: LOOKED_AT });
  const records = await sideBySide(jobs, ({ jobId }) => jobObject.read(edges.store, jobId));
  return names.map((name) => {
    const time = fires.find((fire) => fire.name === name)?.time;
    return {
      name,
      next: time === undefined ? undefined : new Date(time).toISOString(),
      jobs: records
        .flatMap((job) =>
          job !== undefined && (job.scheduledBy ?? job.schedule) === name ? [job.jobId] : [],
        )
        .slice(0, SHOWN_OF_SCHEDULE),
    };
  });
}
