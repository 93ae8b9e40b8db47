import type { Job } from '../../checkpoints/job.ts';
import type { ResultLine } from '../../checkpoints/result-line.ts';
import type { Summary } from '../../checkpoints/summary.ts';
import type { Edges } from '../../edges.ts';
import { InvalidInput } from '../../errors.ts';
import { joinRows } from '../../tables/joined-rows.ts';
import { readUntil, TooMuchToRead } from '../../tables/read-until.ts';
import { readResultLines } from '../../tables/result-lines.ts';
import { RowSurvey, type RowsSurvey } from './row-survey.ts';

type SurveyEdges = Pick<Edges, 'store' | 'clock' | 'time'>;
type Surveyed = Pick<Summary, 'rows' | 'results' | 'deadLetters' | 'counts'>;

/**
 * Most bytes of results that are read. If the results are larger, the rows that are not ok come from the dead letters. Reading
 * all results again would make a collect 50 % slower (docs/performance.md).
 */
const SURVEYED_BYTES = 4 * 1_048_576;

/**
 * Surveys the rows of a finished job with their questions, or without them if the input can no longer be read. If the results are
 * large, or reading exceeds the given milliseconds, it reads the first rows and all rows that are not ok.
 * @param job absent if the job's checkpoints are deleted
 */
export async function surveyRows(
  edges: SurveyEdges,
  summary: Surveyed,
  job: Job | undefined,
  milliseconds: number,
): Promise<RowsSurvey> {
  const { store, clock } = edges;
  const { rows, results, deadLetters } = summary;
  if (results === undefined) return new RowSurvey(undefined, 0).result();
  const { bytes = 0 } = (await store.stat(results)) ?? {};
  const limit = { until: clock.now() + milliseconds, bytes: SURVEYED_BYTES };
  const read = (): AsyncGenerator<Uint8Array> => readUntil(edges, results, limit);
  // The sample is spread over the part that is read.
  const seen = Math.ceil(rows * Math.min(1, SURVEYED_BYTES / Math.max(1, bytes)));
  const open = (): RowSurvey => new RowSurvey(job?.profile, seen);
  let survey = open();
  try {
    await addAll(survey, job === undefined ? unasked(read) : joinRows(store, job, read()));
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    survey = open();
    await addAll(survey, unasked(read));
  }
  if (survey.seen < rows && deadLetters !== undefined)
    await addDeadLetters(survey, readUntil(edges, deadLetters, limit), rows - summary.counts.ok);
  return survey.result();
}

interface SurveyedRow {
  readonly line: ResultLine;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** Adds rows to the end, or until the time is up. */
async function addAll(survey: RowSurvey, rows: AsyncIterable<readonly SurveyedRow[]>): Promise<void> {
  try {
    for await (const batch of rows) for (const { line, fields } of batch) survey.add(line, fields);
  } catch (error) {
    if (!(error instanceof TooMuchToRead)) throw error;
  }
}

/** Adds the rows that are not ok and follow the rows already read. They are in the order of the results. */
async function addDeadLetters(
  survey: RowSurvey,
  deadLetters: AsyncIterable<Uint8Array>,
  count: number,
): Promise<void> {
  let skipped = 0;
  const known = survey.notOk;
  try {
    for await (const lines of readResultLines(deadLetters))
      for (const line of lines) {
        if (skipped >= known) survey.addDeadLetter(line);
        skipped += 1;
        if (survey.isFull) throw new TooMuchToRead('Enough rows are listed.');
      }
  } catch (error) {
    if (!(error instanceof TooMuchToRead)) throw error;
  }
  survey.countNotOk(count);
}

async function* unasked(read: () => AsyncIterable<Uint8Array>): AsyncGenerator<readonly SurveyedRow[]> {
  for await (const lines of readResultLines(read())) yield lines.map((line) => ({ line }));
}
