import * as z from 'zod';
import { countsSchema, linksSchema, overviewShape } from './schemas.ts';

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
