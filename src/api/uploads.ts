import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { LINK_SECONDS } from '../store/links.ts';
import type { ApiEdges } from './api-edges.ts';
import { answer, jsonBody, problems } from './describe-route.ts';
import { uploadKey } from './own-jobs.ts';
import { rejectInvalid } from './problems.ts';
import { ROUTES } from '../config/routes.ts';
import { uploadedSchema, uploadSchema } from './upload-schemas.ts';

/** Adds the route for files that are too large for a request: they are uploaded to the store directly. */
export function addUploadRoutes(api: OpenAPIHono, edges: ApiEdges): void {
  const { links, clock } = edges;
  api.openapi(
    createUploadRoute,
    async (c) => {
      const { key: asked, bytes } = c.req.valid('json');
      const key = uploadKey(edges, edges.caller(c), asked);
      const expiresAt = new Date(clock.now() + LINK_SECONDS * 1_000).toISOString();
      const url = await links.upload(key, bytes);
      const headers = {
        'if-none-match': '*' as const,
        ...(bytes === undefined ? {} : { 'content-length': String(bytes) }),
      };
      return c.json({ key, method: 'PUT' as const, url, headers, expiresAt }, 201);
    },
    rejectInvalid(uploadSchema),
  );
}

const createUploadRoute = createRoute({
  ...ROUTES.createUpload,
  operationId: 'createUpload',
  summary:
    'Get a URL for uploading (PUT) an input file of up to 5 GB; upload a larger file to the bucket in parts.',
  request: { body: jsonBody(uploadSchema) },
  responses: { 201: answer('The URL for the upload.', uploadedSchema), ...problems(400, 413, 415, 422) },
});
