import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ROUTES } from '../../src/config/routes.ts';
import { documentSchema, openApi } from './open-api.ts';

async function readDocument() {
  const { api } = await openApi();
  const response = await api.request('/openapi.json');
  expect(response.status).toBe(200);
  return documentSchema.parse(await response.json());
}

const operationsOf = ({ paths }: z.output<typeof documentSchema>) =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );

describe('the OpenAPI document', () => {
  test('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();

    const { valid, errors } = await validator.validate(await readDocument());

    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
    expect(validator.version).toBe('3.1');
  });

  test('has exactly the routes of the API', async () => {
    const documented = operationsOf(await readDocument()).map(({ method, path }) => `${method} ${path}`);

    const { getOpenApi: _, ...routes } = ROUTES;
    expect(documented.toSorted()).toEqual(
      Object.values(routes)
        .map(({ method, path }) => `${method} ${path}`)
        .toSorted(),
    );
  });

  test('has a unique operationId for every operation: the name of its route', async () => {
    for (const { method, path, operation } of operationsOf(await readDocument())) {
      expect(Object.entries(ROUTES)).toContainEqual([operation.operationId, { method, path }]);
    }
  });

  test('has the Problem schema for every error response', async () => {
    for (const { operation } of operationsOf(await readDocument())) {
      for (const [status, { content }] of Object.entries(operation.responses)) {
        if (Number(status) < 400) continue;
        expect(content).toEqual({
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        });
      }
    }
  });

  test('has the responses to bodies that are unreadable, too large or not JSON', async () => {
    const takesBody = operationsOf(await readDocument()).filter(
      ({ operation }) => operation['requestBody'] !== undefined,
    );

    expect(takesBody.map(({ operation }) => operation.operationId).toSorted()).toEqual([
      'createJob',
      'createUpload',
      'retryJob',
    ]);
    for (const { operation } of takesBody)
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['400', '413', '415', '422']));
  });

  test('has a named schema for the response of every operation', async () => {
    const answers = operationsOf(await readDocument()).map(({ operation }) => {
      const [, answer] = Object.entries(operation.responses).find(([status]) => Number(status) < 400) ?? [];
      return [operation.operationId, answer?.content['application/json']?.schema];
    });

    expect(Object.fromEntries(answers)).toEqual({
      createJob: { $ref: '#/components/schemas/StartedJob' },
      listJobs: { $ref: '#/components/schemas/JobPage' },
      getJob: { $ref: '#/components/schemas/Job' },
      cancelJob: { $ref: '#/components/schemas/CancelledJob' },
      approveJob: { $ref: '#/components/schemas/JudgedJob' },
      rejectJob: { $ref: '#/components/schemas/JudgedJob' },
      resumeJob: { $ref: '#/components/schemas/StartedJob' },
      retryJob: { $ref: '#/components/schemas/StartedJob' },
      createUpload: { $ref: '#/components/schemas/Upload' },
    });
  });
});
