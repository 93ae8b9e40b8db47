import { styleText } from 'node:util';
import type { Summary } from '../../src/checkpoints/summary.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';
import { invalidRows } from '../../src/checkpoints/invalid-rows.ts';
import { answersTable, SHOWN_ROWS } from '../answers-table.ts';
import { errorLines } from './error-lines.ts';
import { readingNotices } from './reading-notices.ts';
import { typedLine } from '../json-lines.ts';
import { print, printError } from '../output.ts';
import { moneyText } from '../../src/spending/price.ts';
import { describePilot, describeWithoutPilot } from '../../src/status/describe-pilot.ts';
import { sentVerb } from '../../src/report/sections/explain.ts';
import { counted } from '../../src/text/counted.ts';
import { printable } from '../../src/text/printable.ts';
import { duration } from '../../src/text/duration.ts';

interface ReportOptions {
  readonly files: readonly string[];
  readonly json?: boolean | undefined;
  /** False if the notices about reading the files were already printed. */
  readonly hasNotices?: boolean;
}

/** Prints the result of a job: its first answers, its counts and its files; with `json`, its summary. */
export async function reportSummary(
  store: ObjectStore,
  summary: Summary,
  { files, json, hasNotices = true }: ReportOptions,
): Promise<void> {
  if (json === true) {
    print(typedLine('summary', summary));
    return;
  }
  if (summary.results !== undefined) {
    const table = await answersTable(store, summary.results, process.stdout.columns ?? 100);
    print(table);
    if (summary.rows > SHOWN_ROWS) print(`… and ${summary.rows - SHOWN_ROWS} rows more`);
  }
  for (const line of sampleLines(summary)) print(line);
  // A job that was rejected as a whole has no answers, rows or tokens.
  const isRefused = summary.failure !== undefined && summary.rows === 0;
  if (summary.simulated && !isRefused) print(styleText('yellow', SIMULATED_END));
  if (hasNotices) for (const notice of readingNotices(summary.inputs)) print(notice);
  const lines = [
    ...(isRefused ? [] : [totals(summary)]),
    ...stepLines(summary),
    ...errorLines([...(summary.errors ?? []), ...invalidRows(summary)]),
    ...files.map((file) => `  ${printable(file)}`),
  ];
  print(lines.join('\n'));
  reportFailure('The job', summary);
}

/** Prints why a job failed and what to do, if it did. */
export function reportFailure(name: string, { failure, advice }: Summary): void {
  if (failure === undefined) return;
  const line = `${name} failed: ${printable(failure.message)}`;
  printError(styleText('red', line, { stream: process.stderr }));
  if (advice !== undefined) printError(printable(advice));
}

/** Lines for special jobs: how the pilot ended; how to continue after a sample; reused answers; rows that were not sent. */
function sampleLines(summary: Summary): string[] {
  const { sample, taken, deduplicated, reused, pilot, withoutPilot, forgotten, forgottenRows = 0 } = summary;
  return [
    ...(forgotten === undefined ? [] : [`Its rows and answers were deleted at ${forgotten}.`]),
    ...(forgottenRows === 0 ? [] : [`The answers of ${counted(forgottenRows, 'row')} were deleted.`]),
    ...(pilot === undefined ? [] : [describePilot(pilot, true)]),
    ...(withoutPilot === undefined ? [] : [describeWithoutPilot(withoutPilot)]),
    ...(sample?.hasMore === true
      ? [
          `A sample: the first ${sample.limit} rows. The same command without --limit continues with all rows and keeps these answers.`,
        ]
      : []),
    ...(taken === undefined
      ? []
      : [
          `${taken.rows} of these answers are those of the sample ${printable(taken.jobId)}; they were paid for once.`,
        ]),
    ...(deduplicated === undefined ? [] : [describeDeduplicated(deduplicated)]),
    ...(reused === undefined ? [] : [describeReused(reused, summary)]),
  ];
}

function describeReused(
  { rows, from, saved }: NonNullable<Summary['reused']>,
  { sent, failure }: Summary,
): string {
  const tokens = saved.inputTokens + saved.outputTokens;
  const [job] = from;
  const where = from.length === 1 && job !== undefined ? printable(job.jobId) : `${from.length} earlier jobs`;
  // Summaries of version 0.1 may lack this number.
  const rest =
    sent === undefined
      ? ''
      : `; ${sent} ${sent === 1 ? 'row' : 'rows'} ${sentVerb(sent, failure !== undefined)} sent`;
  return `${rows} ${rows === 1 ? 'row has its answer' : 'rows have their answers'} from ${where}, which saved ${tokens} tokens${rest}.`;
}

function describeDeduplicated({ rows, saved }: NonNullable<Summary['deduplicated']>): string {
  const tokens = saved.inputTokens + saved.outputTokens;
  return `${rows} ${rows === 1 ? 'row has' : 'rows have'} the same request as an earlier one and ${rows === 1 ? 'was' : 'were'} not sent, which saved ${tokens} tokens; --no-dedupe sends each row.`;
}

/** Counts of each step of a ladder. */
function stepLines({ steps = [] }: Summary): string[] {
  return steps.map(({ step, provider, model, rows, ok, usage, cost }) => {
    const whom = [provider, model].filter((name) => name !== undefined).map(printable);
    const paid = cost === undefined ? '' : ` · ${moneyText(cost.amount, cost.currency)}`;
    const tokens = usage.inputTokens + usage.outputTokens;
    return `  step ${step}, ${whom.join(', ')}: ${ok} of ${counted(rows, 'row')} ok · ${tokens} tokens${paid}`;
  });
}

const SIMULATED_END = 'Simulated: these answers are made up; no provider was called, and nothing was paid.';

function totals({ rows, counts, rounds, usage, cost, seconds, truncated, refused }: Summary): string {
  const outcomes = Object.entries(counts).filter(([outcome, n]) => n > 0 || outcome === 'ok');
  const ended = outcomes.map(([outcome, n]) => `${n} ${outcome}`).join(', ');
  const ends = Object.entries({ truncated, refused }).filter(([, n]) => n > 0);
  const amiss = ends.map(([end, n]) => ` · ${n} ${end}`).join('');
  const tokens = usage.inputTokens + usage.outputTokens;
  return `${counted(rows, 'row')}: ${ended} · ${counted(rounds, 'round')}${amiss} · ${tokens} tokens${cost === undefined ? '' : ` · ${moneyText(cost.amount, cost.currency)}`} · ${duration(seconds)}`;
}
