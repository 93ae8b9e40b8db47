import * as z from 'zod';
import { ROUTE_NAMES } from './routes.ts';
import { addressProblem, ENDPOINT_PATH, ENDPOINT_PATH_MESSAGE } from '../provider/http/addresses.ts';
import { dialectConfigSchema } from '../provider/dialects/schema.ts';
import { inputKeySchema } from '../requests/job-request.ts';
import { scheduleSchema } from '../requests/schedule.ts';
import { profileSchema } from '../profiles/profile-schema.ts';
import { providerSchema } from '../profiles/provider-schema.ts';

/** The shape of `nightshift.config.ts`. */
const limitsSchema = z.strictObject({
  /** Most shards of one job at the provider at the same time. Default 100. */
  shardsInFlight: z.number().int().min(1).max(10_000).optional(),
  /**
   * Days one job may take, all rounds and waits included; then it is cancelled. Default 14. Step Functions forgets an
   * execution 90 days after its end, and a job's last one is found by those before it.
   */
  jobDays: z.number().int().min(1).max(90).optional(),
  /** What the API takes from all its callers together. Default 20 requests a second, 40 at once. */
  api: z
    .strictObject({
      requestsPerSecond: z.number().int().min(1).max(10_000).optional(),
      burst: z.number().int().min(1).max(5_000).optional(),
    })
    .optional(),
});

const apiSchema = z.strictObject({
  /** Take bearer tokens of this issuer instead of AWS credentials. Default: IAM. */
  jwt: z
    .strictObject({
      issuer: z.url(),
      audience: z.array(z.string().min(1)).min(1),
      /** Scopes of which a token must have one, by route: `{ createJob: ['jobs.write'], getJob: ['jobs.read'] }`. Default: none. */
      scopes: z.partialRecord(z.enum(ROUTE_NAMES), z.array(z.string().min(1)).min(1)).optional(),
    })
    .optional(),
  /** `caller`: whoever calls the API lists, reads, cancels and resumes their own jobs only. Default: everybody's. */
  owner: z.literal('caller').optional(),
});

/** What job requests may do that come through the API or as a dropped file. Command lines and schedules are not bound by it. */
const requestsSchema = z.strictObject({
  /** Fields of a profile that a request may change. Default: model, body, system, prompt, output, table and budget, which may only be lowered. */
  overrides: z.array(profileSchema.omit({ provider: true, endpoint: true }).keyof()).optional(),
  /** Providers that `overrides.provider` may name. Default: none. */
  providers: z.array(z.string().min(1)).optional(),
  /** Endpoints that `overrides.endpoint` may name. Default: none. */
  endpoints: z.array(z.string().regex(ENDPOINT_PATH, ENDPOINT_PATH_MESSAGE)).optional(),
  /** Prefixes that a dropped job file may read, by the profile whose folder it lies in. Default: `input/<profile>/` and `staged/`. */
  reads: z.record(z.string(), z.array(inputKeySchema).min(1)).optional(),
});

const alarmsSchema = z.strictObject({
  /** Alarms are mailed here, once AWS's request to confirm the subscription is answered. */
  email: z.email().optional(),
  /** Alarms go to this SNS topic, too; its policy has to let CloudWatch publish. */
  topicArn: z
    .string()
    .regex(/^arn:[\w-]+:sns:[\w-]+:\d{12}:[\w.-]+$/, 'must be the ARN of an SNS topic')
    .optional(),
  /** Where the runbook is, as the alarms link it. Default: `docs/operations.md` as it is published with this version. */
  runbook: z.string().min(1).optional(),
});

const webhookSchema = z.strictObject({
  /** Where to post how each job ended. Plain HTTP for this very machine only. */
  url: z
    .string()
    .refine(
      (url) => addressProblem(url) === undefined,
      'must be https, or http on localhost, without a user name',
    ),
  /** Name of a secret in Secrets Manager whose text signs the posts. Default: a new one with a random text. */
  secretName: z
    .string()
    .regex(/^[\w/+=.@-]{1,512}$/)
    .optional(),
});

export const configSchema = z.strictObject({
  providers: z.record(z.string().min(1), providerSchema).optional(),
  /** Dialects of your own, and what differs in a built-in one, by name. */
  dialects: z
    .record(
      z.string().regex(/^[\w.-]{1,40}$/, 'may hold up to 40 letters, digits, "_", "." and "-"'),
      dialectConfigSchema,
    )
    .optional(),
  profiles: z.record(
    z.string().regex(/^[\w.-]+$/, 'may hold letters, digits, "_", "." and "-"'),
    profileSchema,
  ),
  /** Jobs that start by themselves, by name. */
  schedules: z
    .record(
      z
        .string()
        .regex(
          /^(?!\.+$)[\w.-]{1,40}$/,
          'may hold up to 40 letters, digits, "_", "." and "-", not dots alone',
        ),
      scheduleSchema,
    )
    .optional(),
  limits: limitsSchema.optional(),
  api: apiSchema.optional(),
  requests: requestsSchema.optional(),
  alarms: alarmsSchema.optional(),
  /** Tells of each job's end, beside the event on EventBridge: `docs/completion.md`. Default: none. */
  webhook: webhookSchema.optional(),
});

export type NightshiftConfig = z.input<typeof configSchema>;
export type AlarmsConfig = z.input<typeof alarmsSchema>;
export type WebhookConfig = z.input<typeof webhookSchema>;
export type ScheduleConfig = z.input<typeof scheduleSchema>;
