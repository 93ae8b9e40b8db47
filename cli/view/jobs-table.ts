import Table from 'cli-table3';
import cliTruncate from 'cli-truncate';
import type { JobOverview } from '../../src/status/job-status.ts';
import { printable } from '../../src/text/printable.ts';
import { duration } from '../../src/text/duration.ts';

/** Jobs as a table, one per line, at most as wide as the terminal. */
export function jobsTable(jobs: readonly JobOverview[], columns: number): string {
  const table = new Table({
    head: ['job', 'status', 'profile', 'started', 'took'],
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 2 },
    chars: Object.fromEntries(BORDERS.map((name) => [name, ''])),
  });
  for (const { jobId, status, profile, createdAt, endedAt } of jobs) {
    const took = endedAt === undefined ? '' : duration((Date.parse(endedAt) - Date.parse(createdAt)) / 1_000);
    const started = createdAt.slice(0, 16).replace('T', ' ');
    table.push([...[jobId, status, profile, started].map(printable), took]);
  }
  const lines = table.toString().split('\n');
  return lines.map((line) => cliTruncate(line.trimEnd(), columns)).join('\n');
}

const BORDERS = [
  'top',
  'top-mid',
  'top-left',
  'top-right',
  'bottom',
  'bottom-mid',
  'bottom-left',
  'bottom-right',
  'left',
  'left-mid',
  'mid',
  'mid-mid',
  'right',
  'right-mid',
  'middle',
] as const;
