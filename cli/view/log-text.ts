import { styleText } from 'node:util';
import type { LogFields } from '../../src/log.ts';
import { printableJson } from '../../src/text/printable.ts';

/** A log line as one JSON object, with its time. */
export function logText(event: string, fields: LogFields): string {
  return printableJson(JSON.stringify({ time: new Date().toISOString(), event, ...fields }));
}

/** A line for people with the local time of day in front. */
export function withTime(line: string): string {
  return `${styleText('dim', new Date().toTimeString().slice(0, 8))}  ${line}`;
}
