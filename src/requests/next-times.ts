import { Cron } from 'croner';
import { InvalidRequest } from '../errors.ts';
import { wallClock } from './schedule-times.ts';

const RATE = /^rate\(([1-9]\d*) (minute|hour|day)s?\)$/;
const CRON = /^cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)$/;

const UNIT_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/**
 * Computes when a schedule fires next, as EventBridge Scheduler does.
 * @param expression `cron(minute hour day-of-month month day-of-week year)` or `rate(1 hour)`
 * @param after milliseconds since 1970; only a later time counts
 * @param start when the schedule was created; rates count from it
 * @returns milliseconds since 1970; undefined when it never fires again
 * @throws InvalidRequest when the expression is not valid
 */
export function nextTime(
  expression: string,
  timezone: string,
  { after, start }: { readonly after: number; readonly start: number },
): number | undefined {
  const [, count, unit] = RATE.exec(expression) ?? [];
  if (count !== undefined) {
    const every = Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
    return start + (Math.floor((after - start) / every) + 1) * every;
  }
  return nextOnClock(parseCron(expression), timezone, after);
}

/**
 * The next local time that matches the pattern. At a change of clocks it follows EventBridge Scheduler: a local time that does
 * not exist is skipped, and a local time that occurs twice counts only the first time.
 */
function nextOnClock(cron: Cron, timezone: string, after: number): number | undefined {
  let shown = cron.nextRun(new Date(wallClock(after, timezone)));
  while (shown !== null) {
    const time = timeOnClock(shown.getTime(), timezone);
    if (time !== undefined && time > after) return time;
    shown = cron.nextRun(shown);
  }
  return undefined;
}

/** The first time at which a local time occurs; undefined if it never does. */
function timeOnClock(shown: number, timezone: string): number | undefined {
  const aheadAt = (time: number): number => wallClock(time, timezone) - time;
  // Clocks change at most once in these two days, so there are two candidates; one of them often does not exist.
  const ahead = [aheadAt(shown - UNIT_MS.day), aheadAt(shown + UNIT_MS.day)];
  return ahead
    .map((ms) => shown - ms)
    .toSorted((a, b) => a - b)
    .find((time) => wallClock(time, timezone) === shown);
}

/** The problem of six cron fields; `undefined` if they are valid. */
export function cronProblem(fields: string): string | undefined {
  try {
    parseCron(`cron(${fields})`);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function parseCron(expression: string): Cron {
  const [, minute, hour, day, month, weekday, year] = CRON.exec(expression) ?? [];
  if (minute === undefined || weekday === undefined) {
    throw new InvalidRequest(`"${expression}" is not a cron expression with six fields.`);
  }
  if ((day === '?') === (weekday === '?')) {
    throw new InvalidRequest(
      `"${expression}": exactly one of day-of-month and day-of-week must be "?", as EventBridge requires.`,
    );
  }
  try {
    const fields = [minute, hour, star(day), month, weekdays(star(weekday)), years(year)];
    const open = fields.map((field = '*', n) => openSteps(field, LAST_OF_FIELD[n] ?? 0));
    if (open.some((field) => field.includes('?'))) throw new Error('"?" is for days alone.');
    return new Cron(`0 ${open.join(' ')}`, { timezone: 'UTC' });
  } catch (error) {
    throw new InvalidRequest(`"${expression}" is not a cron expression.`, { cause: error });
  }
}

/** Largest values of minute, hour, day of month, month, day of week, year. */
const LAST_OF_FIELD = [59, 23, 31, 12, 6, 2199];

/** Gives a step an end: EventBridge's `5/15` begins at 5 and has no end, and the cron library needs one. */
function openSteps(field: string, last: number): string {
  return field.replaceAll(/(?<=^|,)(\d+)\/(?=\d)/g, `$1-${last}/`);
}

/** Replaces "?", which EventBridge uses for any value. */
const star = (field = '*'): string => (field === '?' ? '*' : field);

/**
 * Converts weekdays: EventBridge counts them from 1 (Sunday), the cron library from 0. A number after `#` or `/` is not a
 * weekday. `L` alone is the last day of the week.
 */
function weekdays(field: string): string {
  return field.replaceAll(/(?<=^|,)L(?=,|$)/g, '7').replaceAll(/(?<![#/\d])\d+/g, (day) => {
    if (!/^[1-7]$/.test(day)) throw new Error('Weekdays are 1 to 7.');
    return String(Number(day) - 1);
  });
}

/** Converts years: EventBridge allows the years 1970 to 2199, and a step over all years begins with the first. */
function years(field = '*'): string {
  const named = field.match(/(?<![/\d])\d+/g) ?? [];
  if (named.some((year) => Number(year) < 1970 || Number(year) > 2199))
    throw new Error('Years are 1970 to 2199.');
  return field.replaceAll(/(?<=^|,)\*(?=\/)/g, '1970-2199');
}
