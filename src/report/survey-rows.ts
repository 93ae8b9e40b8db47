import type { Job } from '../checkpoints/job.ts';
import type { ResultLine } from '../checkpoints/result-line.ts';
import type { Summary } from '../checkpoints/summary.ts';
import type { Edges } from '../edges.ts';
import { InvalidInput } from '../errors.ts';
import { joinRows } from '../tables/joined-rows.ts';
import { readUntil, TooMuchToRead } from '../tables/read-until.ts';
import { readResultLines } from '../tables/result-lines.ts';
import { RowSurvey, type RowsSurvey } from './row-survey.ts';

type SurveyEdges = Pick<Edges, 'store' | 'clock'>;
type Surveyed = Pick<Summary, 'rows' | 'results'>;

/**
 * Looks at all rows of a job that has ended, beside what they asked; without that when its input cannot be read any more. Of
 * results that take longer than so many milliseconds, the rows that were read by then are what is seen.
 * @param job absent when its checkpoints are deleted
 */
export async function surveyRows(
  edges: SurveyEdges,
  { rows, results }: Surveyed,
  job: Job | undefined,
  milliseconds: number,
): Promise<RowsSurvey> {
  const { store, clock } = edges;
  if (results === undefined) return new RowSurvey(undefined, 0).result();
  const until = clock.now() + milliseconds;
  const read = (): AsyncGenerator<Uint8Array> => readUntil(edges, results, until);
  if (job === undefined) return surveyAll(job, rows, unasked(read));
  try {
    return await surveyAll(job, rows, joinRows(store, job, read()));
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return surveyAll(job, rows, unasked(read));
  }
}

interface SurveyedRow {
  readonly line: ResultLine;
  readonly fields?: Readonly<Record<string, unknown>>;
}

async function surveyAll(
  job: Job | undefined,
  count: number,
  rows: AsyncIterable<readonly SurveyedRow[]>,
): Promise<RowsSurvey> {
  const survey = new RowSurvey(job?.profile, count);
  try {
    for await (const batch of rows) for (const { line, fields } of batch) survey.add(line, fields);
  } catch (error) {
    if (!(error instanceof TooMuchToRead)) throw error;
  }
  return survey.result();
}

async function* unasked(read: () => AsyncIterable<Uint8Array>): AsyncGenerator<readonly SurveyedRow[]> {
  for await (const lines of readResultLines(read())) yield lines.map((line) => ({ line }));
}
