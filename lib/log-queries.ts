import { QueryDefinition, QueryString, type ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { LogEvent } from '../src/log.ts';

/** A saved query on the logs of the steps. */
interface LogQuery {
  readonly events: readonly LogEvent[];
  readonly fields: readonly string[];
  readonly statistics?: string;
  readonly sort: string;
}

/** Queries by purpose. Put a jobId into the first to follow one job. */
const QUERIES: Readonly<Record<string, LogQuery>> = {
  'one job': {
    events: [
      ...(['job_started', 'job_resumed', 'job_cancelled', 'job_stopped', 'requests_built'] as const),
      ...([
        'file_uploaded',
        'batch_created',
        'batch_found_again',
        'batch_cancel_requested',
        'rows_sent',
      ] as const),
      ...(['round_collected', 'shard_stopped', 'results_written', 'job_announced', 'step_failed'] as const),
    ],
    fields: ['@timestamp', 'message', 'jobId', 'shard', 'round', 'batchId', 'status', 'error', 'reason'],
    sort: '@timestamp asc',
  },
  'what failed': {
    events: ['step_failed', 'shard_stopped', 'job_stopped', 'job_refused', 'job_not_announced'],
    fields: ['@timestamp', 'message', 'service', 'jobId', 'shard', 'error', 'code', 'reason'],
    sort: '@timestamp desc',
  },
  'errors by step': {
    events: ['step_failed'],
    fields: ['service', 'error'],
    statistics:
      'count(*) as failures, count_distinct(jobId) as jobs, max(@timestamp) as last by service, error',
    sort: 'failures desc',
  },
  'batches that take long': {
    events: ['batch_polled'],
    fields: ['jobId', 'shard', 'batchId', 'ageSeconds', 'lagSeconds'],
    statistics:
      'max(ageSeconds) as age, max(lagSeconds) as lag, latest(status) as lastStatus by jobId, shard, batchId',
    sort: 'age desc',
  },
  'jobs that ended': {
    events: ['results_written'],
    fields: [
      '@timestamp',
      'jobId',
      'profile',
      'status',
      'rows',
      'ok',
      'failed',
      'exhausted',
      'invalid',
      'seconds',
    ],
    sort: '@timestamp desc',
  },
  'tokens by profile': {
    events: ['results_written'],
    fields: ['profile', 'inputTokens', 'outputTokens'],
    statistics: 'sum(rows) as rows, sum(inputTokens) as input, sum(outputTokens) as output by profile',
    sort: 'output desc',
  },
};

export interface LogQueriesProps {
  /** The log groups of the steps. */
  readonly logGroups: readonly ILogGroup[];
  /** Name of the workflow, and of the queries' folder. */
  readonly workflow: string;
}

/** Saved queries of Logs Insights, in a folder with the workflow's name. */
export class LogQueries extends Construct {
  constructor(scope: Construct, id: string, { logGroups, workflow }: LogQueriesProps) {
    super(scope, id);
    for (const [purpose, query] of Object.entries(QUERIES)) {
      const { events, fields, statistics, sort } = query;
      // oxlint-disable-next-line no-new -- it adds itself to the stack
      new QueryDefinition(this, purpose, {
        queryDefinitionName: `${workflow}/${purpose}`,
        logGroups: [...logGroups],
        queryString: new QueryString({
          fields: [...fields],
          filterStatements: [`message in [${events.map((event) => `"${event}"`).join(', ')}]`],
          ...(statistics === undefined ? {} : { statsStatements: [statistics] }),
          sort,
          limit: 1_000,
        }),
      });
    }
  }
}
