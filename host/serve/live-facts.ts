import { sumErrors } from '../../src/collect/counts/error-counts.ts';
import { sumModels } from '../../src/collect/counts/model-usage.ts';
import { addUsage, NO_USAGE } from '../../src/spending/usage.ts';
import type { Clock } from '../../src/edges.ts';
import { readCollected, type Collected } from '../../src/checkpoints/round/collected.ts';
import { jobObject } from '../../src/checkpoints/job.ts';
import { planObject } from '../../src/checkpoints/plan.ts';
import { summaryObject, type Summary } from '../../src/checkpoints/summary.ts';
import { OUTPUT_PREFIX, shardKey } from '../../src/checkpoints/keys.ts';
import type { ReportFacts } from '../../src/report/report-data.ts';
import { sampleRows } from '../../src/report/survey/sample-rows.ts';
import { surveyOf } from '../../src/report/survey/row-survey.ts';
import { surveyRows } from '../../src/report/survey/survey-rows.ts';
import { listFiles } from '../../src/report/write-report.ts';
import { sideBySide } from '../../src/concurrency/side-by-side.ts';
import { readStatus, type JobStatus, type StatusEdges } from '../../src/status/job-status.ts';
import { batchObject, type BatchCheckpoint } from '../../src/checkpoints/round/batch-checkpoint.ts';
import type { ObjectStore } from '../../src/store/object-store.ts';

export interface LiveEdges extends StatusEdges {
  readonly clock: Clock;
}

/** Summaries of older versions lack these fields. */
type AnySummary = Omit<Summary, 'models' | 'errors'> & Partial<Pick<Summary, 'models' | 'errors'>>;

/** The current facts of a job's page: its summary once it has ended, otherwise what its shards have written so far. */
export async function readFacts(edges: LiveEdges, jobId: string): Promise<ReportFacts | undefined> {
  const status = await readStatus(edges, jobId);
  if (status === undefined) return undefined;
  if (status.endedAt === undefined) return runningFacts(edges, status);
  const summary = await summaryObject.read(edges.store, jobId);
  // The job was resumed between the two reads.
  return summary === undefined ? runningFacts(edges, status) : endedFacts(edges, summary);
}

/** Longest time to read the rows of an ended job, in milliseconds. They are read for each request of its page. */
const SURVEY_MS = 2_000;

async function endedFacts(edges: LiveEdges, summary: AnySummary): Promise<ReportFacts> {
  const { jobId, endedAt, models = [], errors = [] } = summary;
  const [job, plan] = await Promise.all([
    jobObject.read(edges.store, jobId),
    planObject.read(edges.store, jobId),
  ]);
  const files = listFiles(summary, `/files/${OUTPUT_PREFIX}${encodeURIComponent(jobId)}/`);
  return {
    ...summary,
    models,
    errors,
    at: endedAt,
    files,
    survey: await surveyRows(edges, summary, job, SURVEY_MS),
    question: job?.profile,
    planned: plan,
  };
}

async function runningFacts({ store, clock }: LiveEdges, status: JobStatus): Promise<ReportFacts> {
  const { jobId, createdAt } = status;
  const [job, plan] = await Promise.all([jobObject.read(store, jobId), planObject.read(store, jobId)]);
  const shards = await sideBySide(plan?.shards ?? [], (_, shard) => readShard(store, jobId, shard));
  const rounds = shards.flatMap(({ collected }) => collected);
  const done = shards.flatMap(({ hasResults }, shard) => (hasResults ? [shard] : []));
  return {
    ...status,
    endpoint: status.endpoint ?? job?.profile.endpoint,
    provider: status.provider,
    model: status.model,
    rows: status.rows,
    shards: status.shards.total,
    rounds: Math.max(0, ...shards.map(({ batches }) => batches.length)),
    usage: rounds.map(({ usage }) => usage).reduce(addUsage, NO_USAGE),
    models: sumModels(rounds.map(({ models = [] }) => models)),
    errors: sumErrors(rounds.map(({ errors = [] }) => errors)),
    batches: shards.flatMap(({ batches }) => batches),
    problems: plan?.problems ?? [],
    startedAt: createdAt,
    at: new Date(clock.now()).toISOString(),
    files: [],
    question: job?.profile,
    planned: plan,
    survey: surveyOf(
      await sampleRows(
        store,
        done.map((shard) => shardKey({ jobId, shard }, 'results.jsonl')),
      ),
    ),
    progress: status,
  };
}

interface LiveShard {
  readonly collected: readonly Collected[];
  readonly batches: ReportFacts['batches'];
  readonly hasResults: boolean;
}

async function readShard(store: ObjectStore, jobId: string, shard: number): Promise<LiveShard> {
  const ref = { jobId, shard };
  const collected = await readCollected(store, ref);
  const round = collected.length + 1;
  const open = await batchObject.read(store, { ...ref, round });
  const batches: ReportFacts['batches'] = [
    ...collected.map(({ batch }) => batch),
    ...(open === undefined ? [] : [openBatch(shard, round, open)]),
  ];
  return { collected, batches, hasResults: (await store.stat(shardKey(ref, 'done.json'))) !== undefined };
}

function openBatch(
  shard: number,
  round: number,
  { batchId, createdAt }: BatchCheckpoint,
): ReportFacts['batches'][number] {
  const created = new Date(createdAt * 1_000).toISOString();
  return {
    shard,
    round,
    batchId,
    status: 'open',
    requests: undefined,
    createdAt: created,
    seconds: undefined,
  };
}
