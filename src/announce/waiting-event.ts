import * as z from 'zod';
import { countsSchema } from './completion-event.ts';
import { EVENT_SOURCE } from './event-source.ts';

const detailSchema = z.strictObject({
  id: z
    .string()
    .describe(
      'Name of the execution that waits, followed by ".waiting". An event with the same id is the same announcement.',
    ),
  jobId: z.string().describe('The job.'),
  profile: z.string().describe('Its profile.'),
  status: z.literal('waiting').describe('As in the status of the job.'),
  pilot: z
    .strictObject({ rows: z.int().min(0), counts: countsSchema.describe('They add up to rows.') })
    .describe('The rows that were sent before all others.'),
  keys: z
    .strictObject({
      pilot: z.string().describe("The results of the pilot's rows."),
      report: z.string().optional().describe('A page about them.'),
    })
    .describe('Keys of objects in the bucket; absent if the object does not exist.'),
  approve: z.string().describe('The command that sends the other rows.'),
  reject: z.string().describe('The command that ends the job without them.'),
  until: z.iso.datetime().describe('When the job ends by itself, as failed, if nobody decides.'),
});

/** The announcement of a job that begins to wait for an approval: the EventBridge event, and the body of the webhook. */
export const waitingEventSchema = z.strictObject({
  source: z.literal(EVENT_SOURCE),
  'detail-type': z.literal('Job Waiting For Approval'),
  detail: detailSchema,
});

export type WaitingEvent = z.output<typeof waitingEventSchema>;
