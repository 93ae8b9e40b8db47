import * as z from 'zod';
import { EVENT_SOURCE } from './event-source.ts';

const count = z.int().min(0);

/** Rows by outcome. */
export const countsSchema = z.strictObject({
  ok: count,
  failed: count,
  exhausted: count,
  invalid_output: count,
  invalid: count,
});

const detailSchema = z.strictObject({
  /** Name of the execution that ended: `<jobId>`, or `<jobId>-r2` after a resume. Receivers can deduplicate by it. */
  id: z
    .string()
    .describe('Name of the execution that ended. An event with the same id is the same announcement.'),
  jobId: z.string().describe('The job.'),
  profile: z.string().optional().describe('Its profile; absent when the job has no record.'),
  status: z
    .enum(['succeeded', 'partial', 'failed', 'cancelled', 'empty'])
    .describe('The status in summary.json, which is more detailed than the detail-type.'),
  rows: count.optional().describe('Input rows; absent when no summary could be written.'),
  counts: countsSchema.optional().describe('Rows by outcome; they add up to rows.'),
  keys: z
    .strictObject({
      summary: z.string().optional(),
      results: z.string().optional(),
      deadLetters: z.string().optional(),
    })
    .describe('Keys of objects in the bucket; absent if the object does not exist.'),
  failure: z
    .strictObject({ name: z.string(), code: z.string(), message: z.string() })
    .optional()
    .describe('Why the job failed or was cancelled.'),
  endedAt: z.iso.datetime().describe('When it ended.'),
});

/** The announcement of a job's end: an EventBridge event, and the body of the webhook. */
export const completionEventSchema = z.strictObject({
  source: z.literal(EVENT_SOURCE),
  'detail-type': z.enum(['Job Succeeded', 'Job Partially Succeeded', 'Job Failed']),
  detail: detailSchema,
});

export type CompletionEvent = z.output<typeof completionEventSchema>;
