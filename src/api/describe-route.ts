import type { RouteConfig } from '@hono/zod-openapi';
import type * as z from 'zod';
import { problemSchema, PROBLEM_TYPE } from './problems.ts';

/** A JSON body that a route accepts. */
export function jsonBody<T extends z.ZodType>(schema: T) {
  return { required: true, content: { 'application/json': { schema } } };
}

/** A JSON body that a route returns. */
export function answer<T extends z.ZodType>(description: string, schema: T) {
  return { description, content: { 'application/json': { schema } } };
}

/** The problems that a route may return, by status; always includes 500. */
export function problems(...statuses: number[]): RouteConfig['responses'] {
  const problem = { description: 'A problem.', content: { [PROBLEM_TYPE]: { schema: problemSchema } } };
  return Object.fromEntries([...statuses, 500].map((status) => [status, problem]));
}
