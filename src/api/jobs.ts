import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { allowedOverrides, overridePolicy } from '../config/allowed-overrides.ts';
import { parseExact } from '../exact-json.ts';
import { makeJobId } from '../requests/job-id.ts';
import { hashOfRequest, parseJobRequest, type JobRequest } from '../requests/job-request.ts';
import { InputFilter } from '../requests/input-files.ts';
import { askedOverrides } from '../requests/question.ts';
import { resolveInputs } from '../requests/resolve-inputs.ts';
import { listJobs } from '../status/list-jobs.ts';
import { startJob, type StartedJob } from '../job-control/start-job.ts';
import type { ApiEdges } from './api-edges.ts';
import { answer, jsonBody, problems } from './describe-route.ts';
import { jobLinks } from './job-links.ts';
import { ownerFor, rejectOthersInputs } from './own-jobs.ts';
import { rejectInvalid } from './problems.ts';
import { requestSchema } from './request-schema.ts';
import { ROUTES } from '../config/routes.ts';
import { createHeaders, listParams, pageSchema, startedSchema } from './schemas.ts';

/** Adds the routes that start and list jobs. */
export function addJobsRoutes(api: OpenAPIHono, edges: ApiEdges): void {
  const body = requestSchema(overridePolicy(edges.config));
  api.openapi(
    createJobRoute(body),
    async (c) => {
      const { 'idempotency-key': key } = c.req.valid('header');
      // Parses the original text: the validated body has its numbers as doubles, which may lose digits.
      const request = parseJobRequest(parseExact(await c.req.text()));
      const { jobId, state } = await startRequested(edges, request, edges.caller(c), key);
      const links = jobLinks(jobId);
      c.header('location', links.self);
      return c.json({ jobId, state, links }, 202);
    },
    rejectInvalid(body),
  );
  api.openapi(listJobsRoute, async (c) => {
    const owner = ownerFor(edges, edges.caller(c));
    const { jobs, unreadable, ...page } = await listJobs(edges, { ...c.req.valid('query'), owner });
    const left = unreadable.map(({ jobId }) => jobId);
    const listed = jobs.map((job) => ({ ...job, links: jobLinks(job.jobId) }));
    return c.json({ jobs: listed, ...(left.length > 0 && { unreadable: left }), ...page }, 200);
  });
}

const createJobRoute = (body: ReturnType<typeof requestSchema>) =>
  createRoute({
    ...ROUTES.createJob,
    operationId: 'createJob',
    summary: 'Start a job.',
    request: { headers: createHeaders, body: jsonBody(body) },
    responses: {
      202: answer('The job is running, or has ended.', startedSchema),
      ...problems(400, 409, 413, 415, 422, 503),
    },
  });

const listJobsRoute = createRoute({
  ...ROUTES.listJobs,
  operationId: 'listJobs',
  summary: 'List jobs, newest first.',
  request: { query: listParams },
  responses: { 200: answer('A page of jobs.', pageSchema), ...problems(422, 503) },
});

/**
 * Starts a job. The caller's idempotency key alone determines the jobId, so that another request under the same key finds the
 * same job. Without a key, the request itself determines it.
 */
async function startRequested(
  edges: ApiEdges,
  request: JobRequest,
  caller: string,
  key: string | undefined,
): Promise<StartedJob> {
  await rejectOthersInputs(edges, caller, request);
  const requestHash = hashOfRequest(request);
  const { name, profile = 'default', inputs, prefix, limit } = request;
  const jobId =
    key === undefined
      ? makeJobId(name ?? inputs?.[0] ?? prefix ?? 'rows', ['api', caller, 'body', requestHash])
      : makeJobId(key, ['api', caller, 'key', key]);
  const filter = new InputFilter();
  return startJob(edges, {
    jobId,
    profile,
    overrides: allowedOverrides(edges.config, profile, askedOverrides(request)),
    limit,
    requestHash,
    owner: caller,
    inputs: () => resolveInputs(edges.store, jobId, request, filter),
    skipped: () => filter.skipped,
  });
}
