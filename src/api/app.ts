import { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { MAX_REQUEST_BYTES } from '../requests/request-limits.ts';
import type { ApiEdges } from './api-edges.ts';
import { addJobRoutes } from './job.ts';
import { addJobsRoutes } from './jobs.ts';
import { rejectOthersJob } from './own-jobs.ts';
import { ApiProblem, problem, problemOf, rejectInvalid, rejectOtherTypes } from './problems.ts';
import { addRetryRoute } from './retry.ts';
import { ROUTES } from '../config/routes.ts';
import { addUploadRoutes } from './uploads.ts';

/** The API as one Hono app: a Lambda serves it on AWS, a Node server on one machine. */
export function createApi(edges: ApiEdges): OpenAPIHono {
  const api = new OpenAPIHono({ defaultHook: rejectInvalid() });
  api.onError((error, c) => problemOf(c, error, edges.log));
  api.notFound((c) => problem(c, 'no-such-route', { detail: `${c.req.method} ${c.req.path}` }));
  // Runs first: a request whose caller is unknown reaches no route.
  api.use(async (c, next) => {
    edges.caller(c);
    await next();
  });
  api.use(bodyLimit({ maxSize: MAX_REQUEST_BYTES, onError: rejectLarge }));
  for (const { path } of [ROUTES.createJob, ROUTES.createUpload]) api.post(path, rejectOtherTypes);
  api.use('/jobs/:jobId/*', async (c, next) => {
    await rejectOthersJob(edges, edges.caller(c), c.req.param('jobId'));
    await next();
  });
  addJobsRoutes(api, edges);
  addJobRoutes(api, edges);
  addRetryRoute(api, edges);
  addUploadRoutes(api, edges);
  api.doc31(ROUTES.getOpenApi.path, {
    openapi: '3.1.0',
    info: {
      title: 'Nightshift',
      version: '1',
      description: 'Batch inference: rows in, one result per row out.',
    },
  });
  return api;
}

function rejectLarge(): never {
  throw new ApiProblem(
    'too-large',
    `A request has at most ${MAX_REQUEST_BYTES} bytes. Put its rows into a file: POST ${ROUTES.createUpload.path}.`,
  );
}
