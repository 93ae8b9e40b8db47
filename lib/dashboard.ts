import { OUTCOMES } from '../src/checkpoints/outcomes.ts';
import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  MathExpression,
  Stats,
  type Alarm,
  type IMetric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { METRIC_NAMESPACE } from '../src/runtime/metrics.ts';
import type { WorkflowMetrics } from './workflow-metrics.ts';

export interface WorkflowDashboardProps {
  readonly metrics: WorkflowMetrics;
  readonly alarms: readonly Alarm[];
  readonly workflow: string;
}

const ROW = 24;
const THIRD = 8;

/** The dashboard of the workflow: alarms, jobs, rows, batches, functions. */
export class WorkflowDashboard extends Construct {
  constructor(scope: Construct, id: string, { metrics, alarms, workflow }: WorkflowDashboardProps) {
    super(scope, id);
    // oxlint-disable-next-line no-new -- it adds itself to the stack
    new Dashboard(this, 'Dashboard', {
      defaultInterval: Duration.days(3),
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', width: ROW, height: 4, alarms: [...alarms] })],
        [
          graph(
            'Executions ended',
            ENDINGS.map((ending) => metrics.jobs(ending)),
          ),
          graph(
            'Rows by outcome',
            OUTCOMES.map((Outcome) => labelled(metrics, 'Rows', { Outcome })),
          ),
          graph(
            'Tokens',
            DIRECTIONS.map((Direction) => labelled(metrics, 'Tokens', { Direction })),
          ),
        ],
        [
          graph('Oldest open batch, seconds', [metrics.oldestBatch()]),
          graph('Latest poll, seconds late', [metrics.pollLag()]),
          graph('Slowest job, seconds', [metrics.own('JobSeconds', { statistic: Stats.MAXIMUM })]),
        ],
        [
          graph('Handler errors by step and name', [errorsByName(workflow)]),
          graph('Calls that failed or were throttled', [
            metrics.entryFunctions('Errors'),
            metrics.steps('Errors'),
            metrics.entryFunctions('Throttles'),
            metrics.steps('Throttles'),
          ]),
          graph('Lost', [metrics.deadLetters(), metrics.notAnnounced()]),
        ],
      ],
    });
  }
}

const ENDINGS = ['Succeeded', 'Failed', 'TimedOut', 'Aborted'] as const;
const DIRECTIONS = ['input', 'output'] as const;

function graph(title: string, left: IMetric[]): GraphWidget {
  return new GraphWidget({ title, left, width: THIRD, leftYAxis: { min: 0 } });
}

function labelled(metrics: WorkflowMetrics, name: 'Rows' | 'Tokens', dimensions: Record<string, string>) {
  return metrics.own(name, { dimensions, label: Object.values(dimensions).join(' ') });
}

/** Searches for all error names, because they are not known beforehand. */
function errorsByName(workflow: string): MathExpression {
  const search = `{${METRIC_NAMESPACE},service,Step,Error} MetricName="HandlerErrors" service="${workflow}"`;
  return new MathExpression({
    expression: `SEARCH('${search}', 'Sum', 300)`,
    usingMetrics: {},
    label: '',
    period: Duration.minutes(5),
  });
}
