import { JOB_STATES } from '../status/job-states.ts';
import * as z from 'zod';
import { inputKeySchema } from '../requests/job-request.ts';
import { MAX_UPLOAD_BYTES } from '../store/links.ts';
import { OUTPUT_PREFIX } from '../checkpoints/keys.ts';

/** Responses and parameters of the API. The schema of a job request is in `requests/job-request.ts`. */

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

export const uploadSchema = z
  .strictObject({
    key: inputKeySchema
      .refine(
        (key) => !key.startsWith(OUTPUT_PREFIX) && !key.endsWith('/'),
        'must be a file below "input/" or "staged/"',
      )
      .refine(
        (key) => !key.split('/').some((part) => part === '.' || part === '..'),
        'must be a valid URL path, without "." and ".." as its parts',
      )
      .describe('Below "input/<profile>/" the upload starts a job; below "staged/" it waits for a request.'),
    bytes: z
      .int()
      .min(0)
      .max(MAX_UPLOAD_BYTES)
      .optional()
      .describe(
        'Size of the file in bytes: the URL accepts only a file of this size. Default: any size up to the maximum.',
      ),
  })
  .meta({ id: 'UploadRequest' });

export const uploadedSchema = z
  .object({
    key: z.string().describe('Key of the file: as requested, or below a folder of the caller.'),
    method: z.literal('PUT'),
    url: z.string().describe('Put the file here; no other credentials are needed.'),
    headers: z
      .object({ 'if-none-match': z.literal('*'), 'content-length': z.string().optional() })
      .describe('Headers to send as well. An existing file is never overwritten: the answer is 412.'),
    expiresAt: z.string(),
  })
  .meta({ id: 'Upload' });

const linksSchema = z.object({
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

const countsSchema = z
  .object({ ok: z.int(), failed: z.int(), exhausted: z.int(), invalid_output: z.int(), invalid: z.int() })
  .meta({ id: 'OutcomeCounts' });

const overviewShape = {
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

const progressSchema = z.object({
  round: z.int(),
  batchId: z
    .string()
    .optional()
    .describe('Absent while rows are sent direct, and while there is no room for a batch.'),
  status: z
    .string()
    .describe(
      "The provider's status; `direct` without a batch, `waiting for a slot` or `waiting for tokens` while there is no room for one.",
    ),
  isUnknown: z
    .literal(true)
    .optional()
    .describe('Set if the status is not known. The batch then counts as running until its deadline.'),
  ahead: z.int().optional().describe('Shards that get room before this one.'),
  roomAt: z
    .string()
    .optional()
    .describe('Estimated time at which it gets room; absent until a batch has ended.'),
  succeeded: z.int().optional(),
  total: z.int().optional(),
  polledAt: z.string(),
  nextPollAt: z.string().optional(),
});

const shardSchema = z.object({
  shard: z.int(),
  state: z.enum(['waiting', 'running', 'stopped', 'done']),
  rows: z.int(),
  counts: countsSchema,
  progress: progressSchema.optional(),
});

const openBatchSchema = z.object({
  shard: z.int(),
  round: z.int(),
  batchId: z.string().optional().describe('Absent when it is not known whether the batch exists.'),
  candidates: z
    .array(z.string())
    .readonly()
    .optional()
    .describe('Batches that may be the one whose create got no answer.'),
  status: z.string().optional().describe("The provider's last status."),
  createdAt: z.string().optional(),
  files: z.object({
    input: z.string().optional(),
    output: z.string().optional(),
    errors: z.string().optional(),
  }),
  error: z.object({ code: z.string(), message: z.string() }).describe('Why it was left open.'),
  onResume: z.string().describe('The action of a resume for this batch.'),
});

const pilotSchema = z
  .object({
    state: z
      .enum(['running', 'waiting', 'passed', 'approved', 'failed', 'rejected', 'unanswered'])
      .describe(
        'waiting: for POST …/approve or …/reject. failed, rejected, unanswered: the other rows are not sent.',
      ),
    rows: z.int(),
    counts: countsSchema.optional().describe('Outcomes of its rows; absent while they are sent.'),
    until: z.string().optional().describe('While it waits: the deadline.'),
    reason: z.string().optional().describe('Why the other rows are not sent.'),
  })
  .meta({ id: 'Pilot' });

export const jobSchema = z
  .object({
    ...overviewShape,
    inputs: z.array(z.object({ key: z.string(), version: z.string().optional() })).readonly(),
    simulated: z
      .literal(true)
      .optional()
      .describe('The answers are made up: a simulator answers in place of the provider.'),
    provider: z.string().optional(),
    model: z.string().optional(),
    endpoint: z.string().optional(),
    rows: z.int().optional().describe('Input rows, once they are counted.'),
    pilot: pilotSchema.optional().describe('Only in a job with a pilot.'),
    withoutPilot: z
      .object({ rows: z.int(), pilotRows: z.int() })
      .optional()
      .describe(
        'Only in a job whose rows are sent at once, because they are no more than those of its pilot.',
      ),
    counts: countsSchema.describe('Rows with their final outcome so far.'),
    shards: z.object({
      total: z.int(),
      waiting: z.int(),
      running: z.int(),
      stopped: z.int(),
      done: z.int(),
    }),
    openShards: z.array(shardSchema).readonly().describe('The first 100 shards that are not done.'),
    open: z
      .array(openBatchSchema)
      .readonly()
      .optional()
      .describe('Batches that a failed or cancelled job left open.'),
    errors: z
      .array(
        z.object({
          outcome: z.string().optional(),
          code: z.string().optional(),
          rows: z.int(),
          orMore: z
            .literal(true)
            .optional()
            .describe('Only the first invalid rows are known by their code: there may be more.'),
          custom_id: z.string().optional(),
          message: z.string().optional(),
        }),
      )
      .readonly()
      .optional()
      .describe('Rows that are not ok, by outcome and code, with an example.'),
    failure: z.object({ name: z.string(), code: z.string(), message: z.string() }).optional(),
    advice: z.string().optional(),
    links: linksSchema.extend({
      results: z.string().optional().describe('Holds for 15 minutes.'),
      pilot: z.string().optional().describe("The results of the pilot's rows."),
      pilotReport: z.string().optional().describe('A page about them, if a person is asked.'),
      deadLetters: z.string().optional(),
      report: z.string().optional(),
      summary: z.string().optional(),
    }),
  })
  .meta({ id: 'Job' });
