import type { Edges } from '../edges.ts';
import type { Summary } from '../checkpoints/summary.ts';
import { reportKey, shardKey } from '../checkpoints/keys.ts';
import { renderReport } from './render-report.ts';
import { describeReport, type FileLink } from './report-data.ts';
import { sampleRows } from './sample-rows.ts';

/**
 * Writes a job's page beside its results. A job does not fail because nobody can look at it.
 * @returns the page's key, or undefined when it could not be written
 */
export async function writeReport({ store, log }: Edges, summary: Summary): Promise<string | undefined> {
  const { jobId, endedAt } = summary;
  try {
    const keys = Array.from({ length: summary.shards }, (_, shard) =>
      shardKey({ jobId, shard }, 'results.jsonl'),
    );
    const sample = await sampleRows(store, keys);
    const files = listFiles(summary, '');
    const page = renderReport(describeReport({ ...summary, at: endedAt, files, sample }));
    await store.put(reportKey(jobId), page);
    return reportKey(jobId);
  } catch (error) {
    log('report_not_written', { jobId, error: error instanceof Error ? error.name : 'unknown' });
    return undefined;
  }
}

/** The files beside the page. @param folder put before their names; ends in `/`, or is empty */
export function listFiles(
  { results, deadLetters }: Pick<Summary, 'results' | 'deadLetters'>,
  folder: string,
): FileLink[] {
  const link = (name: string, about: string): FileLink => ({ name, href: `${folder}${name}`, about });
  return [
    ...(results === undefined ? [] : [link('results.jsonl', 'one line per input row, in input order')]),
    ...(deadLetters === undefined
      ? []
      : [link('dead-letters.jsonl', 'the rows that are not ok, ready to be run again')]),
    link('summary.json', 'counts, batches and usage, for programs'),
  ];
}
