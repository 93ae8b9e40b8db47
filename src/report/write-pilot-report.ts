import type { Job } from '../checkpoints/job.ts';
import { pilotReportKey, pilotResultsKey } from '../checkpoints/keys.ts';
import type { Pilot } from '../checkpoints/pilot.ts';
import type { Plan } from '../checkpoints/plan.ts';
import type { SettledShard } from '../collect/shard/settle-shards.ts';
import { summarize } from '../collect/summarize.ts';
import type { Edges } from '../edges.ts';
import { renderReport } from './render-report.ts';
import { describeReport } from './report-data.ts';
import { surveyRows } from './survey/survey-rows.ts';
import { SURVEY_MS } from './write-report.ts';

/** A pilot whose rows all have an outcome. */
export interface EndedPilot {
  readonly job: Job;
  readonly plan: Plan;
  readonly pilot: Pilot;
  /** Only the shards of the pilot. */
  readonly shards: readonly SettledShard[];
}

/**
 * Writes the page of a pilot, for the person who approves its job or rejects it. The job waits also without a page.
 * @returns the page's key, or undefined if it could not be written
 */
export async function writePilotReport(
  edges: Pick<Edges, 'store' | 'clock' | 'log'>,
  { job, plan, pilot, shards }: EndedPilot,
): Promise<string | undefined> {
  const { store, clock, log } = edges;
  const { jobId } = job;
  try {
    const ofPilot: Plan = {
      rows: pilot.rows,
      invalid: 0,
      inputTokens: 0,
      ...(plan.inputs && { inputs: plan.inputs }),
      shards: plan.shards,
      problems: [],
    };
    const end = { failure: undefined, stop: undefined, endedAt: new Date(clock.now()) };
    const summary = summarize({ job, plan: ofPilot, pilot, shards, ...end });
    const results = { ...summary, results: pilotResultsKey(jobId), deadLetters: undefined };
    // The pilot has only some rows of the input, so it cannot be joined with the input; the page shows only answers.
    const survey = await surveyRows(edges, results, undefined, SURVEY_MS);
    const files = [{ name: 'pilot.jsonl', href: 'pilot.jsonl', about: 'one line per row of the pilot' }];
    const at = summary.endedAt;
    const facts = { ...summary, status: 'waiting' as const, question: job.profile, at, files, survey };
    await store.put(pilotReportKey(jobId), renderReport(describeReport(facts)));
    return pilotReportKey(jobId);
  } catch (error) {
    log('report_not_written', { jobId, error: error instanceof Error ? error.name : 'unknown' });
    return undefined;
  }
}
