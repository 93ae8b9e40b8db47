import { JOB_STATES } from '../status/job-states.ts';
import * as z from 'zod';

/*
 * Parameters, and responses of several routes. The schema of a job request is in `requests/job-request.ts`, of a job in
 * `job-schema.ts`, and of uploads in `upload-schemas.ts`.
 */

const jobId = z.string().regex(/^[\w-]{1,80}$/, 'is not a valid jobId');

const stateSchema = z.enum(JOB_STATES).meta({ id: 'JobState' });

export const jobParams = z.object({ jobId });

export const createHeaders = z.object({
  'idempotency-key': z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe(
      'The same key and request are the same job, however often they are sent; its jobId begins with the key. ' +
        'Default: the body.',
    ),
});

export const listParams = z.object({
  status: stateSchema.optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
  after: z
    .string()
    .regex(/^\d{13}-[\w-]{1,80}$/, 'is not the "next" of a page')
    .optional()
    .describe('The "next" of the previous page.'),
});

/** URLs of a job's actions. */
export const linksSchema = z.object({
  self: z.string(),
  cancel: z.string(),
  resume: z.string(),
  approve: z.string(),
  reject: z.string(),
  retry: z.string(),
});

export const startedSchema = z
  .object({
    jobId,
    state: z
      .enum(['started', 'resumed', 'running', 'cancelling', 'finished'])
      .describe(
        'started: a new job. resumed: continues. running: was already running. finished: had already ended.',
      ),
    links: linksSchema,
  })
  .meta({ id: 'StartedJob' });

export const cancellingSchema = z
  .object({ jobId, state: z.literal('cancelling'), links: linksSchema })
  .meta({ id: 'CancelledJob' });

export const judgedSchema = z
  .object({ jobId, state: z.enum(['approved', 'rejected']), links: linksSchema })
  .meta({ id: 'JudgedJob' });

export const countsSchema = z
  .object({ ok: z.int(), failed: z.int(), exhausted: z.int(), invalid_output: z.int(), invalid: z.int() })
  .meta({ id: 'OutcomeCounts' });

/** The fields that a job has in the list of jobs as well. */
export const overviewShape = {
  jobId,
  status: stateSchema,
  profile: z.string(),
  createdAt: z.string(),
  endedAt: z.string().optional(),
};

export const pageSchema = z
  .object({
    jobs: z.array(z.object({ ...overviewShape, links: linksSchema })),
    unreadable: z
      .array(z.string())
      .optional()
      .describe(
        'The ids of jobs that are not listed because their record cannot be read; absent if there are none.',
      ),
    next: z.string().optional().describe('Give it as "after" to get the next page; absent on the last one.'),
  })
  .meta({ id: 'JobPage' });
