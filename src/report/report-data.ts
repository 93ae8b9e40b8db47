import type { ModelUsage, OutcomeCounts } from '../checkpoints/counts.ts';
import { invalidRows } from '../checkpoints/invalid-rows.ts';
import type { StepSummary, Summary } from '../checkpoints/summary.ts';
import type { JobStatus } from '../status/job-status.ts';
import type { JobState } from '../status/job-states.ts';
import { measureLatency, type Latency } from './latency.ts';
import type { ResolvedProfile } from '../checkpoints/profile.ts';
import type { Plan } from '../checkpoints/plan.ts';
import type { RowsSurvey } from './survey/row-survey.ts';
import { reportCostOf, type Cost } from './report-cost.ts';
import { MESSAGE_BYTES, NAME_BYTES, showError, type ShownError } from './report-errors.ts';
import { clip } from './page/text.ts';
import { drawTimeline, type TimedBatch, type Timeline } from './timeline.ts';

/** Facts about a finished or running job. */
export interface ReportFacts extends Pick<
  Summary,
  | 'jobId'
  | 'profile'
  | 'simulated'
  | 'provider'
  | 'model'
  | 'endpoint'
  | 'inputs'
  | 'counts'
  | 'shards'
  | 'rounds'
  | 'usage'
  | 'models'
  | 'errors'
  | 'problems'
  | 'failure'
  | 'advice'
  | 'startedAt'
> {
  readonly status: JobState;
  /** Absent until the rows are counted. */
  readonly rows: number | undefined;
  /** Running batches have no duration. */
  readonly batches: readonly (TimedBatch & { readonly batchId: string | undefined })[];
  /** The end of the job or, while it runs, the current time; ISO 8601. */
  readonly at: string;
  readonly files: readonly FileLink[];
  /** Questions and answers of the rows that were read. */
  readonly survey: RowsSurvey;
  /** The profile's texts and price; absent if the job's checkpoints are deleted. */
  readonly question?: Pick<ResolvedProfile, 'system' | 'prompt' | 'price'> | undefined;
  readonly planned?: Pick<Plan, 'inputTokens'> | undefined;
  readonly retries?: Summary['retries'];
  readonly deduplicated?: Summary['deduplicated'];
  readonly reused?: Summary['reused'];
  readonly sent?: Summary['sent'];
  readonly pilot?: Summary['pilot'];
  readonly withoutPilot?: Summary['withoutPilot'];
  /** Only for a finished job with a ladder: its steps, and their cost at the steps' prices. */
  readonly steps?: Summary['steps'];
  readonly cost?: Summary['cost'];
  /** Only for a running job: its progress. */
  readonly progress?: Pick<JobStatus, 'shards' | 'openShards'> | undefined;
}

export interface FileLink {
  readonly name: string;
  readonly href: string;
  readonly about: string;
}

/**
 * Everything that a page shows. Lists and texts are shortened so that the page stays below 200 KB, whatever the size and content
 * of the job.
 */
export interface ReportData {
  readonly jobId: string;
  /** True if a simulator generated the answers. */
  readonly simulated: boolean;
  readonly status: JobState;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly startedAt: string;
  readonly at: string;
  readonly seconds: number;
  readonly rows: number | undefined;
  readonly counts: OutcomeCounts;
  readonly shards: number;
  readonly rounds: number;
  readonly failure: { readonly code: string; readonly message: string; readonly advice: string } | undefined;
  readonly timeline: Timeline;
  readonly batches: readonly ShownBatch[];
  readonly allBatches: number;
  readonly total: Omit<ModelUsage, 'model'>;
  readonly models: readonly ModelUsage[];
  readonly errors: readonly ShownError[];
  readonly latency: Latency | undefined;
  readonly survey: RowsSurvey;
  readonly texts: readonly (readonly [name: string, text: string])[];
  readonly cost: Cost;
  readonly retries: Summary['retries'];
  readonly deduplicated: Summary['deduplicated'];
  readonly reused: Summary['reused'];
  readonly sent: Summary['sent'];
  readonly pilot: Summary['pilot'];
  readonly withoutPilot: Summary['withoutPilot'];
  /** Empty in a job without a ladder, and while it runs. */
  readonly steps: readonly StepSummary[];
  readonly files: readonly FileLink[];
  readonly progress: ReportFacts['progress'];
}

export interface ShownBatch {
  readonly shard: number;
  readonly round: number;
  readonly batchId: string;
  readonly status: string;
  readonly requests: number | undefined;
  readonly createdAt: string | undefined;
  readonly seconds: number | undefined;
}

const SHOWN_INPUTS = 5;
const SHOWN_BATCHES = 60;
const SHOWN_OPEN = 20;

export function describeReport(facts: ReportFacts): ReportData {
  const { jobId, status, startedAt, at, rows, counts, shards, rounds, batches, progress } = facts;
  return {
    jobId: clip(jobId, 2 * NAME_BYTES),
    simulated: facts.simulated === true,
    status,
    facts: describeJob(facts),
    startedAt,
    at,
    seconds: Math.max(0, (Date.parse(at) - Date.parse(startedAt)) / 1_000),
    rows,
    counts,
    shards,
    rounds,
    failure: describeFailure(facts),
    timeline: drawTimeline(batches, startedAt, at),
    batches: batches.slice(0, SHOWN_BATCHES).map(showBatch),
    allBatches: batches.length,
    deduplicated: facts.deduplicated,
    reused: facts.reused,
    sent: facts.sent,
    pilot: facts.pilot,
    withoutPilot: facts.withoutPilot,
    steps: (facts.steps ?? []).map(showStep),
    total: { ...sumAnswers(facts.models), ...facts.usage },
    models: facts.models.map((usage) => ({
      ...usage,
      ...(usage.model !== undefined && { model: clip(usage.model, NAME_BYTES) }),
    })),
    errors: [...facts.errors, ...invalidRows(facts)].map(showError),
    latency: measureLatency(
      batches.flatMap(({ status, seconds }) => (status === 'direct' ? [] : (seconds ?? []))),
    ),
    survey: facts.survey,
    texts: describeTexts(facts.question),
    cost: reportCostOf(facts),
    retries: facts.retries,
    files: facts.files,
    progress: progress && { ...progress, openShards: progress.openShards.slice(0, SHOWN_OPEN).map(showOpen) },
  };
}

function showStep({ provider, model, ...step }: StepSummary): StepSummary {
  return {
    ...step,
    provider: clip(provider, NAME_BYTES),
    ...(model !== undefined && { model: clip(model, NAME_BYTES) }),
  };
}

function sumAnswers(models: readonly ModelUsage[]): Pick<ModelUsage, 'answers' | 'truncated' | 'refused'> {
  const sum = (count: 'answers' | 'truncated' | 'refused'): number =>
    models.reduce((total, model) => total + model[count], 0);
  return { answers: sum('answers'), truncated: sum('truncated'), refused: sum('refused') };
}

function describeJob({ profile, provider, model, endpoint, inputs }: ReportFacts): [string, string][] {
  const names = inputs.slice(0, SHOWN_INPUTS).map(({ key }) => clip(key, 2 * NAME_BYTES));
  const more = inputs.length > SHOWN_INPUTS ? [`and ${inputs.length - SHOWN_INPUTS} more`] : [];
  const facts: [string, string | undefined][] = [
    [inputs.length === 1 ? 'Input' : 'Inputs', [...names, ...more].join('\n')],
    ['Profile', profile],
    ['Provider', provider],
    ['Model', model],
    ['Endpoint', endpoint],
  ];
  return facts.flatMap(([name, value]): [string, string][] =>
    value === undefined || value === ''
      ? []
      : [[name, name.startsWith('Input') ? value : clip(value, NAME_BYTES)]],
  );
}

const TEXT_BYTES = 1_500;

function describeTexts(question: ReportFacts['question']): [string, string][] {
  const texts: [string, string | undefined][] = [
    ['System message', question?.system],
    ['Prompt', question?.prompt],
  ];
  return texts.flatMap(([name, text]): [string, string][] =>
    text === undefined ? [] : [[name, clip(text, TEXT_BYTES)]],
  );
}

function describeFailure({ failure, advice = '' }: ReportFacts): ReportData['failure'] {
  if (failure === undefined) return undefined;
  const { code, message } = failure;
  return {
    code: clip(code, NAME_BYTES),
    message: clip(message, 2 * MESSAGE_BYTES),
    advice: clip(advice, MESSAGE_BYTES),
  };
}

function showBatch({
  shard,
  round,
  batchId,
  status,
  requests,
  createdAt,
  seconds,
}: ReportFacts['batches'][number]): ShownBatch {
  return {
    shard,
    round,
    batchId: clip(batchId ?? (status === 'direct' ? 'row by row' : 'none'), NAME_BYTES),
    status: clip(status ?? (batchId === undefined ? 'not created' : 'gone'), NAME_BYTES),
    requests,
    createdAt,
    seconds,
  };
}

type OpenShard = JobStatus['openShards'][number];

function showOpen(open: OpenShard): OpenShard {
  const { progress } = open;
  return progress === undefined
    ? open
    : { ...open, progress: { ...progress, status: clip(progress.status, NAME_BYTES) } };
}
