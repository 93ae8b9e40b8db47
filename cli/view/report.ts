import { styleText } from 'node:util';
import type { Summary } from '../../src/job.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { answersTable, SHOWN_ROWS } from '../answers-table.ts';
import { readingNotices } from './reading-notices.ts';
import { jsonLine } from '../json-lines.ts';

/** What a job came to: its first answers, its counts and its files; with `json`, its summary. */
export async function reportSummary(
  store: ObjectStore,
  summary: Summary,
  { files, json }: { readonly files: readonly string[]; readonly json?: boolean | undefined },
): Promise<void> {
  if (json === true) {
    process.stdout.write(`${jsonLine('summary', summary)}\n`);
    return;
  }
  if (summary.results !== undefined) {
    const table = await answersTable(store, summary.results, process.stdout.columns ?? 100);
    process.stdout.write(`${table}\n`);
    if (summary.rows > SHOWN_ROWS) process.stdout.write(`… and ${summary.rows - SHOWN_ROWS} rows more\n`);
  }
  process.stdout.write(
    readingNotices(summary.inputs)
      .map((notice) => `${notice}\n`)
      .join(''),
  );
  process.stdout.write(`${totals(summary)}\n${files.map((file) => `  ${file}\n`).join('')}`);
  if (summary.failure !== undefined) {
    const failure = `The job failed: ${summary.failure.message}`;
    process.stderr.write(`${styleText('red', failure, { stream: process.stderr })}\n`);
    if (summary.advice !== undefined) process.stderr.write(`${summary.advice}\n`);
  }
}

function totals({ rows, counts, rounds, usage, seconds, truncated, refused }: Summary): string {
  const outcomes = Object.entries(counts).filter(([outcome, n]) => n > 0 || outcome === 'ok');
  const told = outcomes.map(([outcome, n]) => `${n} ${outcome}`).join(', ');
  const ends = Object.entries({ truncated, refused }).filter(([, n]) => n > 0);
  const amiss = ends.map(([end, n]) => ` · ${n} ${end}`).join('');
  const tokens = usage.inputTokens + usage.outputTokens;
  return `${rows} ${rows === 1 ? 'row' : 'rows'}: ${told} · ${rounds} ${rounds === 1 ? 'round' : 'rounds'}${amiss} · ${tokens} tokens · ${seconds} s`;
}
