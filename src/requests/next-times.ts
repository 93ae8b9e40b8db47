import { Cron } from 'croner';
import { InvalidRequest } from '../errors.ts';
import { wallClock } from './schedule-times.ts';

const RATE = /^rate\(([1-9]\d*) (minute|hour|day)s?\)$/;
const CRON = /^cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)$/;

const UNIT_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/**
 * When a schedule fires next, as EventBridge Scheduler would do it.
 * @param expression `cron(minute hour day-of-month month day-of-week year)` or `rate(1 hour)`
 * @param after milliseconds since 1970; only a later time counts
 * @param start when the schedule came to be: what a rate counts from
 * @returns milliseconds since 1970; undefined when it never fires again
 * @throws InvalidRequest when the expression is none
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
 * When the clock on the wall next shows a time of the pattern. As EventBridge Scheduler has it where clocks change: a time
 * that the clock leaps over is skipped, and one that it shows twice counts once, the first time.
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

/** When the clock on the wall first shows this; undefined when it never does. */
function timeOnClock(shown: number, timezone: string): number | undefined {
  const aheadAt = (time: number): number => wallClock(time, timezone) - time;
  // Clocks change at most once in these two days: the time is one of two, and one of them is often no time at all.
  const ahead = [aheadAt(shown - UNIT_MS.day), aheadAt(shown + UNIT_MS.day)];
  return ahead
    .map((ms) => shown - ms)
    .toSorted((a, b) => a - b)
    .find((time) => wallClock(time, timezone) === shown);
}

/** What is wrong with six cron fields; `undefined` when nothing is. */
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
    throw new InvalidRequest(`"${expression}" is no cron expression of six fields.`);
  }
  if ((day === '?') === (weekday === '?')) {
    throw new InvalidRequest(
      `"${expression}": exactly one of day-of-month and day-of-week must be "?", as EventBridge has it.`,
    );
  }
  try {
    const fields = [minute, hour, star(day), month, weekdays(star(weekday)), years(year)];
    const open = fields.map((field = '*', n) => openSteps(field, LAST_OF_FIELD[n] ?? 0));
    if (open.some((field) => field.includes('?'))) throw new Error('"?" is for days alone.');
    return new Cron(`0 ${open.join(' ')}`, { timezone: 'UTC' });
  } catch (error) {
    throw new InvalidRequest(`"${expression}" is no cron expression.`, { cause: error });
  }
}

/** Minute, hour, day of month, month, day of week, year. */
const LAST_OF_FIELD = [59, 23, 31, 12, 6, 2199];

/** EventBridge's `5/15` begins at 5 and has no end; cron wants to be told the end. */
function openSteps(field: string, last: number): string {
  return field.replaceAll(/(?<=^|,)(\d+)\/(?=\d)/g, `$1-${last}/`);
}

/** "?" is "no matter" for EventBridge. */
const star = (field = '*'): string => (field === '?' ? '*' : field);

/**
 * EventBridge counts weekdays from 1, Sunday; cron counts them from 0. What follows `#` or `/` is no weekday. `L` alone is
 * the last day of the week.
 */
function weekdays(field: string): string {
  return field.replaceAll(/(?<=^|,)L(?=,|$)/g, '7').replaceAll(/(?<![#/\d])\d+/g, (day) => {
    if (!/^[1-7]$/.test(day)) throw new Error('Weekdays are 1 to 7.');
    return String(Number(day) - 1);
  });
}

/** EventBridge has the years 1970 to 2199, and steps over all of them begin with the first. */
function years(field = '*'): string {
  const named = field.match(/(?<![/\d])\d+/g) ?? [];
  if (named.some((year) => Number(year) < 1970 || Number(year) > 2199))
    throw new Error('Years are 1970 to 2199.');
  return field.replaceAll(/(?<=^|,)\*(?=\/)/g, '1970-2199');
}
