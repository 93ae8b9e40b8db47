import * as z from 'zod';
import { hasFields, inputKeySchema, treatmentShape } from './job-request.ts';
import { MAX_INPUTS } from './request-limits.ts';
import { INPUT_PREFIX } from '../checkpoints/keys.ts';
import { fillDateTokens } from './schedule-times.ts';

const timezone = z.string().refine(isTimezone, 'must be a timezone such as "UTC" or "Europe/Berlin"');

/**
 * A key of a schedule's input. A file below `input/` has already started its job when it was dropped, and sending it again would
 * pay twice.
 */
const scheduledKeySchema = inputKeySchema.refine(
  (key) => !key.startsWith(INPUT_PREFIX),
  `must not be below "${INPUT_PREFIX}", where dropping a file starts its job already: use "staged/"`,
);

const keyPatternSchema = scheduledKeySchema.refine(
  hasKnownTokens,
  'may name {{yyyy}}, {{MM}}, {{dd}}, {{HH}} and {{mm}}, and nothing else in double braces',
);

/** A job that starts by schedule: a job request with its times. */
export const scheduleSchema = z
  .strictObject({
    /** Six fields in EventBridge Scheduler's syntax: minute, hour, day of month, month, day of week, year. */
    cron: z
      .string()
      .regex(/^\S+( \S+){5}$/, 'must have six fields: minute hour day-of-month month day-of-week year')
      .optional(),
    /** Instead of cron: `30 minutes`, `1 hour`, `7 days`. */
    rate: z
      .string()
      .regex(
        /^([1-9]\d{0,4}) (minute|hour|day)s?$/,
        'must be a rate such as "30 minutes", "1 hour" or "7 days"',
      )
      .optional(),
    /**
     * Handling of the times that `npm run local` missed while it was not running. Default: they are listed and not run. On AWS,
     * EventBridge Scheduler retries deliveries for a day.
     */
    missed: z.enum(['run', 'skip']).optional(),
    /** Timezone of the cron fields and the date tokens. Default: UTC. */
    timezone: timezone.optional(),
    ...treatmentShape,
    /** Keys of the input files; `{{yyyy}}`, `{{MM}}`, `{{dd}}`, `{{HH}}` and `{{mm}}` stand for parts of the scheduled time. */
    inputs: z.array(keyPatternSchema).min(1).max(MAX_INPUTS).optional(),
    /** Instead of `inputs`: every file below this prefix, each version once. Allows the same tokens. */
    prefix: keyPatternSchema.optional(),
    /**
     * Only with a prefix: `new` takes each version of a file once, `all` takes every file at every run. Default: `new`. `all`
     * needs a profile with `reuse`, so that only new and changed rows are paid.
     */
    take: z.enum(['new', 'all']).optional(),
    /** Instead of `inputs`: inline rows, the same at every run. */
    rows: z.array(z.unknown()).min(1).optional(),
  })
  .refine(({ cron, rate }) => (cron === undefined) !== (rate === undefined), {
    error: 'one of "cron" and "rate" must be given',
    when: hasFields,
  })
  .refine(
    ({ inputs, prefix, rows }) => [inputs, prefix, rows].filter((given) => given !== undefined).length === 1,
    { error: 'exactly one of "inputs", "prefix" and "rows" must be given', when: hasFields },
  )
  .refine(({ take, prefix }) => take === undefined || prefix !== undefined, {
    error: '"take" is for schedules with a "prefix"',
    path: ['take'],
    when: hasFields,
  });

export type Schedule = z.output<typeof scheduleSchema>;

/** A schedule's times in EventBridge Scheduler's syntax. */
export function scheduleExpression({ cron, rate }: Pick<Schedule, 'cron' | 'rate'>): string {
  return cron === undefined ? `rate(${rate})` : `cron(${cron})`;
}

/** The scheduler's event for *start job*: the schedule, and its scheduled time, ISO 8601. */
export const scheduleEventSchema = z.object({ schedule: z.string(), scheduledTime: z.iso.datetime() });

/** True for names of the IANA database: EventBridge does not accept an offset such as "+01:00". */
function isTimezone(name: string): boolean {
  try {
    if (!/^[A-Z]/i.test(name)) return false;
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

function hasKnownTokens(pattern: string): boolean {
  try {
    return !fillDateTokens(pattern, new Date(0), 'UTC').includes('{{');
  } catch {
    return false;
  }
}
