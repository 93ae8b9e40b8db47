import { printableJson } from '../src/text/printable.ts';

/** The types of lines that `--json` prints; docs/command-line.md documents their fields. */
export type LineType =
  | 'plan'
  | 'started'
  | 'cancelled'
  | 'forgotten'
  | 'judged'
  | 'overview'
  | 'job'
  | 'summary'
  | 'file';

/** A line of `--json`: one object, without its line end. Fields may be added, but not removed. */
export function typedLine(type: LineType, fields: object): string {
  return printableJson(JSON.stringify({ type, ...fields }));
}
