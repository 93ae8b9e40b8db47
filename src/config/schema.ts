import * as z from 'zod';
import { ROUTE_NAMES } from './routes.ts';
import { addressProblem, ENDPOINT_PATH, ENDPOINT_PATH_MESSAGE } from '../provider/http/addresses.ts';
import { dialectConfigSchema } from '../provider/dialects/schema.ts';
import { inputKeySchema } from '../requests/job-request.ts';
import { scheduleSchema } from '../requests/schedule.ts';
import { profileSchema } from '../profiles/profile-schema.ts';
import { providerSchema } from '../profiles/provider-schema.ts';

/** The limits in `nightshift.config.ts`. */
const limitsSchema = z.strictObject({
  /** Most shards of one job at the provider at the same time. Default: 100. */
  shardsInFlight: z.number().int().min(1).max(10_000).optional(),
  /**
   * Days that one job may take, including all rounds and waits; then it is cancelled. Default: 14. At most 90, because Step
   * Functions deletes an execution 90 days after its end, and a job's last execution is found through its earlier ones.
   */
  jobDays: z.number().int().min(1).max(90).optional(),
  /**
   * Inputs of at least four times as many bytes are built in slices of about this size, in parallel. Default: 1 GiB on AWS, where
   * numbers above 4 GiB count as 4 GiB. On one machine, inputs are built in one pass by default.
   */
  sliceBytes: z.number().int().min(65_536).max(1_099_511_627_776).optional(),
  /** Rate limit of the API for all callers together. Default: 20 requests per second, bursts of 40. */
  api: z
    .strictObject({
      requestsPerSecond: z.number().int().min(1).max(10_000).optional(),
      burst: z.number().int().min(1).max(5_000).optional(),
    })
    .optional(),
});

const apiSchema = z.strictObject({
  /** Accept bearer tokens of this issuer instead of AWS credentials. Default: IAM. */
  jwt: z
    .strictObject({
      issuer: z.url(),
      audience: z.array(z.string().min(1)).min(1),
      /** Scopes by route; a token needs one of them: `{ createJob: ['jobs.write'], getJob: ['jobs.read'] }`. Default: none. */
      scopes: z.partialRecord(z.enum(ROUTE_NAMES), z.array(z.string().min(1)).min(1)).optional(),
    })
    .optional(),
  /** `caller`: callers may list, read, cancel and resume only their own jobs. Default: all jobs. */
  owner: z.literal('caller').optional(),
});

/**
 * The fields that job requests through the API or as a dropped file may change. It does not apply to the command line and to
 * schedules.
 */
const requestsSchema = z.strictObject({
  /**
   * Fields of a profile that a request may change. Default: model, body, system, prompt, output, table, and budget. A budget may
   * only be lowered.
   */
  overrides: z.array(profileSchema.omit({ provider: true, endpoint: true }).keyof()).optional(),
  /** Providers that `overrides.provider` may name. Default: none. */
  providers: z.array(z.string().min(1)).optional(),
  /** Endpoints that `overrides.endpoint` may name. Default: none. */
  endpoints: z.array(z.string().regex(ENDPOINT_PATH, ENDPOINT_PATH_MESSAGE)).optional(),
  /** Prefixes that a dropped job file may read, by the profile of its folder. Default: `input/<profile>/` and `staged/`. */
  reads: z.record(z.string(), z.array(inputKeySchema).min(1)).optional(),
});

const alarmsSchema = z.strictObject({
  /** Alarms are mailed to this address, once its owner has confirmed AWS's subscription mail. */
  email: z.email().optional(),
  /** Alarms are also published to this SNS topic, whose policy must allow CloudWatch to publish. */
  topicArn: z
    .string()
    .regex(/^arn:[\w-]+:sns:[\w-]+:\d{12}:[\w.-]+$/, 'must be the ARN of an SNS topic')
    .optional(),
  /** URL of the runbook that alarms link to. Default: the published `docs/operations.md` of this version. */
  runbook: z.string().min(1).optional(),
});

const webhookSchema = z.strictObject({
  /** URL that receives each job's end. Plain HTTP is allowed only for this machine. */
  url: z
    .string()
    .refine(
      (url) => addressProblem(url) === undefined,
      'must be https, or http on localhost, without a user name',
    ),
  /** Name of the secret in Secrets Manager that signs the posts. Default: a new secret with a random text. */
  secretName: z
    .string()
    .regex(/^[\w/+=.@-]{1,512}$/)
    .optional(),
});

export const configSchema = z.strictObject({
  providers: z.record(z.string().min(1), providerSchema).optional(),
  /** Your own dialects, and changes to built-in ones, by name. */
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
  /** Jobs that start by schedule, by name. */
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
  /** Webhook for each job's end, in addition to the EventBridge event: `docs/completion.md`. Default: none. */
  webhook: webhookSchema.optional(),
});

export type NightshiftConfig = z.input<typeof configSchema>;
export type AlarmsConfig = z.input<typeof alarmsSchema>;
export type WebhookConfig = z.input<typeof webhookSchema>;
export type ScheduleConfig = z.input<typeof scheduleSchema>;
