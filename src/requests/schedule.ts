import * as z from 'zod';
import { hasFields, inputKeySchema, treatmentShape } from './job-request.ts';
import { MAX_INPUTS } from './request-limits.ts';
import { INPUT_PREFIX } from '../checkpoints/keys.ts';
import { fillDateTokens } from './schedule-times.ts';

const timezone = z.string().refine(isTimezone, 'must be a timezone such as "UTC" or "Europe/Berlin"');

/** A file below `input/` has started its job when it was dropped; to send it again would be to pay twice. */
const scheduledKeySchema = inputKeySchema.refine(
  (key) => !key.startsWith(INPUT_PREFIX),
  `must not be below "${INPUT_PREFIX}", where dropping a file starts its job already: use "staged/"`,
);

const keyPatternSchema = scheduledKeySchema.refine(
  hasKnownTokens,
  'may name {{yyyy}}, {{MM}}, {{dd}}, {{HH}} and {{mm}}, and nothing else in double braces',
);

/** A job that starts by itself: a job request, and when. */
export const scheduleSchema = z
  .strictObject({
    /** Six fields as EventBridge Scheduler has them: minute, hour, day of month, month, day of week, year. */
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
     * What `npm run local` does with times that passed while it did not run. Default: it names them and runs none. On AWS,
     * EventBridge Scheduler repeats deliveries by itself for a day.
     */
    missed: z.enum(['run', 'skip']).optional(),
    /** Of the cron fields and the date tokens. Default UTC. */
    timezone: timezone.optional(),
    ...treatmentShape,
    /** Keys of the input files; `{{yyyy}}`, `{{MM}}`, `{{dd}}`, `{{HH}}`, `{{mm}}` stand for the time it fires for. */
    inputs: z.array(keyPatternSchema).min(1).max(MAX_INPUTS).optional(),
    /** Instead of inputs: every file below this, each version once. Takes the same tokens. */
    prefix: keyPatternSchema.optional(),
    /**
     * Of a prefix: `new` takes each version of a file once, `all` takes every file each time. Default new; `all` needs a profile with
     * `reuse`, which pays for what is new or has changed.
     */
    take: z.enum(['new', 'all']).optional(),
    /** Instead of inputs: the rows themselves, the same ones each time. */
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

/** When a schedule fires, as EventBridge Scheduler writes it. */
export function scheduleExpression({ cron, rate }: Pick<Schedule, 'cron' | 'rate'>): string {
  return cron === undefined ? `rate(${rate})` : `cron(${cron})`;
}

/** What the scheduler hands to *start job*: which schedule, and the time it fires for, ISO 8601. */
export const scheduleEventSchema = z.object({ schedule: z.string(), scheduledTime: z.iso.datetime() });

/** A name of the IANA database: EventBridge takes no offset such as "+01:00". */
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
