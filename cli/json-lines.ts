import { printableJson } from '../src/printable.ts';

/** The types of lines that `--json` prints; docs/command-line.md names their fields. */
export type LineType = 'plan' | 'started' | 'cancelled' | 'overview' | 'job' | 'summary' | 'file';

/** What `--json` prints: one object, without its end of line. Fields may be added; those that are there stay. */
export function jsonLine(type: LineType, fields: object): string {
  return printableJson(JSON.stringify({ type, ...fields }));
}
