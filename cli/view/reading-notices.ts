import { basename } from 'node:path/posix';
import type { InputRef } from '../../src/checkpoints/job.ts';
import type { InputReading } from '../../src/checkpoints/plan.ts';
import { printable } from '../../src/text/printable.ts';

/** Most files with notices to show; the plan and the summary have all. */
const SHOWN_FILES = 10;

/** Notices about files that were read differently from the default, one per line. */
export function readingNotices(inputs: readonly (InputRef & Partial<InputReading>)[]): string[] {
  const noticed = inputs.filter(({ notices = [] }) => notices.length > 0);
  const lines = noticed
    .slice(0, SHOWN_FILES)
    .flatMap(({ key, notices = [] }) => notices.map((notice) => printable(`${basename(key)}: ${notice}`)));
  const more = noticed.length - SHOWN_FILES;
  return more > 0 ? [...lines, `… and ${more} more files: see "inputs" in plan.json`] : lines;
}
