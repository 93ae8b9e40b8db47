import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { readStatus, type JobStatus } from '../status/job-status.ts';
import { cancelJob } from '../job-control/cancel-job.ts';
import { approveOrReject, type Decision } from '../job-control/approve-or-reject.ts';
import { resumeJob } from '../job-control/start-job.ts';
import { InvalidRequest, RequestConflict } from '../errors.ts';
import type { Links } from '../store/links.ts';
import type { ApiEdges } from './api-edges.ts';
import { answer, problems } from './describe-route.ts';
import { jobLinks } from './job-links.ts';
import { ApiProblem } from './problems.ts';
import { ROUTES } from '../config/routes.ts';
import { jobSchema } from './job-schema.ts';
import { cancellingSchema, jobParams, judgedSchema, startedSchema } from './schemas.ts';

/** Adds the routes of one job: status, cancel, resume, and the decision on its pilot. The app rejects other callers first. */
export function addJobRoutes(api: OpenAPIHono, edges: ApiEdges): void {
  api.openapi(getJobRoute, async (c) => {
    const { jobId } = c.req.valid('param');
    const status = known(jobId, await readStatus(edges, jobId));
    return c.json(await withLinks(status, edges.links), 200);
  });
  api.openapi(cancelJobRoute, async (c) => {
    const { jobId } = c.req.valid('param');
    const { state } = known(jobId, await cancelJob(edges, jobId));
    if (state === 'ended') throw hasEnded(jobId);
    return c.json({ jobId, state, links: jobLinks(jobId) }, 202);
  });
  api.openapi(resumeJobRoute, async (c) => {
    const { jobId } = c.req.valid('param');
    const { state } = known(jobId, await resumeJob(edges, jobId));
    if (state === 'finished') throw hasEnded(jobId);
    if (state === 'cancelling') {
      throw new ApiProblem(
        'job-is-cancelling',
        `Job ${jobId} is being cancelled; resume it when that is done.`,
      );
    }
    return c.json({ jobId, state, links: jobLinks(jobId) }, 202);
  });
  api.openapi(approveJobRoute, async (c) =>
    c.json(await judge(edges, c.req.valid('param').jobId, 'approved'), 202),
  );
  api.openapi(rejectJobRoute, async (c) =>
    c.json(await judge(edges, c.req.valid('param').jobId, 'rejected'), 202),
  );
}

const approveJobRoute = createRoute({
  ...ROUTES.approveJob,
  operationId: 'approveJob',
  summary: 'Send the other rows of a job after its pilot, even if the pilot failed or was rejected.',
  request: { params: jobParams },
  responses: { 202: answer('The job is approved.', judgedSchema), ...problems(404, 409, 422, 503) },
});

const rejectJobRoute = createRoute({
  ...ROUTES.rejectJob,
  operationId: 'rejectJob',
  summary: 'End a job that waits after its pilot: its other rows are not sent.',
  request: { params: jobParams },
  responses: { 202: answer('The job is rejected.', judgedSchema), ...problems(404, 409, 422, 503) },
});

/**
 * Approves or rejects a job for a caller of the API.
 * @throws ApiProblem when the job has no pilot that waits for this decision
 */
async function judge(edges: ApiEdges, jobId: string, decision: Decision) {
  const judged = await approveOrReject(edges, jobId, decision).catch((error: unknown) => {
    const isConflict = error instanceof InvalidRequest || error instanceof RequestConflict;
    throw isConflict ? new ApiProblem('not-to-be-judged', error.message) : error;
  });
  return { jobId, state: known(jobId, judged).state, links: jobLinks(jobId) };
}

const getJobRoute = createRoute({
  ...ROUTES.getJob,
  operationId: 'getJob',
  summary: 'The status of a job, and links to its results.',
  request: { params: jobParams },
  responses: { 200: answer('The job.', jobSchema), ...problems(404, 422, 503) },
});

const cancelJobRoute = createRoute({
  ...ROUTES.cancelJob,
  operationId: 'cancelJob',
  summary: 'Cancel a job: nothing new is sent, and the finished rows of its batches are collected.',
  request: { params: jobParams },
  responses: {
    202: answer('The job is being cancelled.', cancellingSchema),
    ...problems(404, 409, 422, 503),
  },
});

const resumeJobRoute = createRoute({
  ...ROUTES.resumeJob,
  operationId: 'resumeJob',
  summary: 'Resume a failed or cancelled job from its checkpoints.',
  request: { params: jobParams },
  responses: { 202: answer('The job continues.', startedSchema), ...problems(404, 409, 422, 503) },
});

function known<T>(jobId: string, found: T | undefined): T {
  if (found === undefined) throw new ApiProblem('no-such-job', `There is no job ${jobId}.`);
  return found;
}

function hasEnded(jobId: string): ApiProblem {
  return new ApiProblem('job-has-ended', `Job ${jobId} has ended.`);
}

/** Turns keys into presigned URLs. */
async function withLinks(
  { results, deadLetters, report, summary, pilot, ...status }: JobStatus,
  links: Links,
) {
  const address = async (key: string | undefined): Promise<string | undefined> =>
    key === undefined ? undefined : links.download(key);
  return {
    ...status,
    ...(pilot && { pilot: withoutKeys(pilot) }),
    links: {
      ...jobLinks(status.jobId),
      results: await address(results),
      pilot: await address(pilot?.results),
      pilotReport: await address(pilot?.report),
      deadLetters: await address(deadLetters),
      report: await address(report),
      summary: await address(summary),
    },
  };
}

/** Leaves out the keys, because the links have their URLs. */
function withoutKeys({ results: _results, report: _report, ...pilot }: NonNullable<JobStatus['pilot']>) {
  return pilot;
}
