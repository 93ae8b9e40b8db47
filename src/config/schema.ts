import * as z from 'zod';
import { scheduleSchema } from '../requests/schedule.ts';
import { profileSchema, providerSchema } from './profile-schema.ts';

/** The shape of `nightshift.config.ts`. */
const limitsSchema = z.strictObject({
  /** Most shards of one job at the provider at the same time. Default 100. */
  shardsInFlight: z.number().int().min(1).max(10_000).optional(),
  /** Days one job may take, all rounds and waits included; then it is cancelled. Default 14. */
  jobDays: z.number().int().min(1).max(365).optional(),
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
  jwt: z.strictObject({ issuer: z.url(), audience: z.array(z.string().min(1)).min(1) }).optional(),
});

export const configSchema = z.strictObject({
  providers: z.record(z.string().min(1), providerSchema).optional(),
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
});

export type NightshiftConfig = z.input<typeof configSchema>;
export type ScheduleConfig = z.input<typeof scheduleSchema>;
