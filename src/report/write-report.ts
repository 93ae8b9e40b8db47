import type { Edges } from '../edges.ts';
import { jobObject } from '../checkpoints/job.ts';
import { planObject } from '../checkpoints/plan.ts';
import type { Summary } from '../checkpoints/summary.ts';
import { reportKey } from '../checkpoints/keys.ts';
import { renderReport } from './render-report.ts';
import { describeReport, type FileLink } from './report-data.ts';
import { surveyRows } from './survey/survey-rows.ts';

/** Milliseconds to read the rows. The step has 15 minutes in all, and must write other files as well. */
export const SURVEY_MS = 3 * 60_000;

/**
 * Writes a job's page beside its results. A failure here does not fail the job.
 * @returns the page's key, or undefined when it could not be written
 */
export async function writeReport(
  edges: Pick<Edges, 'store' | 'clock' | 'log' | 'time'>,
  summary: Summary,
): Promise<string | undefined> {
  const { store, log } = edges;
  const { jobId, endedAt } = summary;
  try {
    const [job, plan] = await Promise.all([jobObject.read(store, jobId), planObject.read(store, jobId)]);
    const survey = await surveyRows(edges, summary, job, SURVEY_MS);
    const files = listFiles(summary, '');
    const asked = { question: job?.profile, planned: plan };
    const page = renderReport(describeReport({ ...summary, ...asked, at: endedAt, files, survey }));
    await store.put(reportKey(jobId), page);
    return reportKey(jobId);
  } catch (error) {
    log('report_not_written', { jobId, error: error instanceof Error ? error.name : 'unknown' });
    return undefined;
  }
}

/**
 * The files beside the page.
 * @param folder prefix of their names; ends in `/`, or is empty
 */
export function listFiles(
  { results, deadLetters, tables = [] }: Pick<Summary, 'results' | 'deadLetters' | 'tables'>,
  folder: string,
): FileLink[] {
  const link = (name: string, about: string): FileLink => ({ name, href: `${folder}${name}`, about });
  return [
    ...(results === undefined ? [] : [link('results.jsonl', 'one line per input row, in input order')]),
    ...tables.map((key) => link(key.slice(key.lastIndexOf('/') + 1), 'the input and its answers as a table')),
    ...(deadLetters === undefined
      ? []
      : [link('dead-letters.jsonl', 'the rows that are not ok, ready to be run again')]),
    link('summary.json', 'counts, batches and usage, for programs'),
  ];
}
