import type { Context, Hono } from 'hono';
import { LIVE_POLICY } from '../../src/report/page.ts';
import { renderJobs } from '../../src/report/render-jobs.ts';
import { renderLiveReport } from '../../src/report/render-report.ts';
import { describeReport } from '../../src/report/report-data.ts';
import { problem } from '../../src/api/problems.ts';
import { listJobs } from '../../src/status/list-jobs.ts';
import { readFacts, type LiveEdges } from './live-facts.ts';

const JOBS_PER_PAGE = 50;

/** Pages for people: the list of jobs, and one page per job that follows it while it runs. */
export function addPages(app: Hono, edges: LiveEdges): void {
  app.get('/', async (c) => {
    const page = await listJobs(edges, { limit: JOBS_PER_PAGE, after: c.req.query('after') });
    return servePage(
      c,
      renderJobs(page, {
        job: (jobId) => `/ui/${encodeURIComponent(jobId)}`,
        more: (next) => `/?after=${encodeURIComponent(next)}`,
      }),
    );
  });
  app.get('/ui/:jobId', async (c) => {
    const jobId = c.req.param('jobId');
    const facts = await readFacts(edges, jobId);
    if (facts === undefined) return problem(c, 'no-such-job', { detail: `There is no job ${jobId}.` });
    return servePage(c, renderLiveReport(describeReport(facts), '/'));
  });
}

function servePage(c: Context, page: string): Response {
  return c.html(page, 200, {
    'cache-control': 'no-store',
    'content-security-policy': LIVE_POLICY,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  });
}
