import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { allowedOverrides, overridePolicy } from '../config/allowed-overrides.ts';
import { retryJob, type RetryTreatment } from '../job-control/retry-job.ts';
import { parseExact } from '../exact-json.ts';
import { jobObject } from '../checkpoints/job.ts';
import { parseRetryRequest } from '../requests/job-request.ts';
import type { ApiEdges } from './api-edges.ts';
import { answer, jsonBody, problems } from './describe-route.ts';
import { jobLinks } from './job-links.ts';
import { ApiProblem, rejectInvalid, rejectOtherTypes } from './problems.ts';
import { retrySchema } from './request-schema.ts';
import { ROUTES } from '../config/routes.ts';
import { jobParams, startedSchema } from './schemas.ts';

/** Adds the route that starts a retry: a job that sends again the rows of another job that are not ok. */
export function addRetryRoute(api: OpenAPIHono, edges: ApiEdges): void {
  const body = retrySchema(overridePolicy(edges.config));
  api.openapi(
    retryJobRoute(body),
    async (c) => {
      const { jobId } = c.req.valid('param');
      const started = await retryJob(edges, jobId, await readTreatment(edges, c, jobId));
      if (started === undefined) throw new ApiProblem('no-such-job', `There is no job ${jobId}.`);
      const links = jobLinks(started.jobId);
      c.header('location', links.self);
      return c.json({ jobId: started.jobId, state: started.state, links }, 202);
    },
    rejectInvalid(body),
  );
}

const retryJobRoute = (body: ReturnType<typeof retrySchema>) =>
  createRoute({
    ...ROUTES.retryJob,
    operationId: 'retryJob',
    summary:
      'Retry a job: send its rows that are not ok again, and merge their results into those of the job.',
    request: { params: jobParams, body: { ...jsonBody(body), required: false } },
    responses: {
      202: answer('The retry, which is a separate job.', startedSchema),
      ...problems(400, 404, 409, 413, 415, 422, 503),
    },
  });

/** A request without a body keeps the job's settings. */
async function readTreatment(
  { config, store }: ApiEdges,
  c: Context,
  jobId: string,
): Promise<RetryTreatment> {
  const text = await c.req.text();
  if (text.trim() === '') return {};
  await rejectOtherTypes(c, () => Promise.resolve());
  const { profile, overrides } = parseRetryRequest(parseExact(text));
  const job = profile === undefined ? await jobObject.read(store, jobId) : undefined;
  const name = profile ?? job?.profile.name ?? 'default';
  return { profile, overrides: allowedOverrides(config, name, overrides) };
}
