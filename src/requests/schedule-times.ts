import { compileTemplate } from '../rows/template.ts';

/** Parts of a scheduled time for use in keys, as in `{{yyyy}}-{{MM}}-{{dd}}`, in the schedule's timezone. */
type DateTokens = Readonly<Record<'yyyy' | 'MM' | 'dd' | 'HH' | 'mm', string>>;

/**
 * Fills a schedule's key pattern with its scheduled time.
 * @throws MissingColumn naming an unknown token
 */
export function fillDateTokens(pattern: string, time: Date, timezone: string): string {
  return compileTemplate(pattern)(dateTokens(time, timezone));
}

/** The local time, as if it were UTC. Both in milliseconds since 1970. */
export function wallClock(time: number, timezone: string): number {
  const { yyyy, MM, dd, HH, mm } = dateTokens(new Date(time), timezone);
  const minute = Date.UTC(Number(yyyy), Number(MM) - 1, Number(dd), Number(HH), Number(mm));
  return minute + (time - Math.floor(time / 60_000) * 60_000);
}

function dateTokens(time: Date, timezone: string): DateTokens {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  const parts = new Map(format.formatToParts(time).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  return { yyyy: part('year'), MM: part('month'), dd: part('day'), HH: part('hour'), mm: part('minute') };
}
