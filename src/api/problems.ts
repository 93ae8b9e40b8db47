import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import * as z from 'zod';
import { fieldMeant } from '../text/describe-issues.ts';
import type { Log } from '../log.ts';

/** RFC 9457 problem details. */
export const problemSchema = z
  .object({
    type: z.string().describe('The kind of problem: a URN that does not change.'),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().optional().describe('What is wrong with this request.'),
    errors: z
      .array(z.object({ pointer: z.string(), detail: z.string() }))
      .optional()
      .describe('Each wrong field, as a JSON pointer into the body (#/…), or a parameter by name.'),
  })
  .meta({ id: 'Problem' });

type Problem = z.output<typeof problemSchema>;

export const PROBLEM_TYPE = 'application/problem+json';

const PROBLEMS = {
  'malformed-request': { status: 400, title: 'The request cannot be read' },
  'no-such-job': { status: 404, title: 'There is no such job' },
  'no-such-route': { status: 404, title: 'There is no such route' },
  'job-has-ended': { status: 409, title: 'The job has ended' },
  'job-is-cancelling': { status: 409, title: 'The job is being cancelled' },
  'not-to-be-judged': {
    status: 409,
    title: 'The job has no pilot that waits for this decision',
  },
  'idempotency-conflict': { status: 409, title: 'The Idempotency-Key was used for another request' },
  'already-there': { status: 412, title: 'A file with this name exists' },
  'too-large': { status: 413, title: 'The request is too large' },
  'not-json': { status: 415, title: 'The body must be JSON' },
  'invalid-request': { status: 422, title: 'The request is not valid' },
  'internal-error': { status: 500, title: 'Something went wrong' },
  'store-unavailable': { status: 503, title: 'The store does not answer; try again' },
  'executions-unavailable': { status: 503, title: 'Step Functions does not answer; try again' },
} as const;

type ProblemName = keyof typeof PROBLEMS;

type Details = Pick<Problem, 'detail' | 'errors'>;

/** Thrown by a route; the app returns it as a problem document. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly problem: ProblemName;
  readonly details: Details;
  constructor(problem: ProblemName, detail: string, errors?: Problem['errors']) {
    super(detail);
    this.problem = problem;
    this.details = { detail, ...(errors && { errors }) };
  }
}

/** The response that carries a problem. */
export function problem(c: Context, name: ProblemName, details: Details = {}): Response {
  const { status, title } = PROBLEMS[name];
  const body: Problem = { type: `urn:nightshift:problem:${name}`, title, status, ...details };
  if (status === 503) c.header('retry-after', '5');
  return c.body(JSON.stringify(body), status, { 'content-type': PROBLEM_TYPE });
}

/** The problem document of an error. Internal errors are logged and not reported to the caller. */
export function problemOf(c: Context, error: unknown, log: Log): Response {
  if (error instanceof ApiProblem) return problem(c, error.problem, error.details);
  if (error instanceof HTTPException) {
    return problem(c, error.status === 415 ? 'not-json' : 'malformed-request', { detail: error.message });
  }
  if (!(error instanceof Error)) return problem(c, 'internal-error');
  if (error.name === 'InvalidRequest') return problem(c, 'invalid-request', { detail: error.message });
  if (error.name === 'RequestConflict') return problem(c, 'idempotency-conflict', { detail: error.message });
  log('step_failed', { error: error.name, reason: error.message });
  return problem(c, UNAVAILABLE[error.name] ?? 'internal-error');
}

/** Errors for which a retry may succeed. */
const UNAVAILABLE: Readonly<Record<string, ProblemName>> = {
  StoreUnavailable: 'store-unavailable',
  ExecutionsUnavailable: 'executions-unavailable',
};

/** The result of validating a request. */
type Checked =
  | { readonly success: true }
  | { readonly success: false; readonly error: z.core.$ZodError; readonly target: string };

/**
 * Rejects a request with wrong fields, and names all of them.
 * @param body schema of the body, used to suggest the field that was meant
 */
export function rejectInvalid(body?: z.core.$ZodType): (checked: Checked) => undefined {
  return (checked) => {
    if (checked.success) return;
    const { error, target } = checked;
    const schema = target === 'json' ? body : undefined;
    const errors = error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => ({
            path: [...issue.path, key],
            detail: `${unknownField(issue.path)}${fieldMeant(key, issue.path, schema)}`,
          }))
        : [{ path: issue.path, detail: issue.message }],
    );
    const found = errors.map(({ path, detail }) => ({ pointer: pointerTo(path, target), detail }));
    const detail = found.map((each) => `${each.pointer}: ${each.detail}`).join(' ');
    throw new ApiProblem('invalid-request', detail, found);
  };
}

function unknownField(path: readonly PropertyKey[]): string {
  return path.length === 1 && path[0] === 'overrides'
    ? 'A profile has no such field, or a request may not change it.'
    : 'There is no such field.';
}

function pointerTo(path: readonly PropertyKey[], part: string): string {
  return part === 'json' ? ['#', ...path.map(escapePointer)].join('/') : path.map(String).join('.');
}

/** Escapes a part of a JSON pointer (RFC 6901). */
function escapePointer(part: PropertyKey): string {
  return String(part).replaceAll('~', '~0').replaceAll('/', '~1');
}

/** Rejects bodies without a JSON content type: a form on another website cannot send that type. */
export async function rejectOtherTypes(c: Context, next: () => Promise<void>): Promise<void> {
  if (!/^application\/json *(;|$)/i.test(c.req.header('content-type') ?? '')) {
    throw new ApiProblem('not-json', 'Send content-type: application/json.');
  }
  await next();
}
