import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric, Stats, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { METRIC_NAMESPACE, type MetricName } from '../src/runtime/metrics.ts';
import type { StepFunction } from './step-function.ts';
import { isEntryFunction, isTask, type StepName } from './step-table.ts';
import type { StepFunctions } from './steps.ts';

export interface WorkflowMetricsProps {
  readonly stateMachine: IStateMachine;
  readonly functions: StepFunctions;
  readonly deadLetters: IQueue;
  /** The workflow's name, a dimension of its own metrics. */
  readonly workflow: string;
}

export type Ending = 'Succeeded' | 'Failed' | 'TimedOut' | 'Aborted';

/** A batch is polled at least every 15 minutes or, in a window that is longer than a day, every 96th of the window. */
const POLLED = Duration.hours(2);

/** The metrics of a workflow in CloudWatch: AWS's metrics of its resources, and its own. */
export class WorkflowMetrics {
  readonly #props: WorkflowMetricsProps;

  constructor(props: WorkflowMetricsProps) {
    this.#props = props;
  }

  /** Executions with this ending: jobs, and each time they were resumed. */
  jobs(ending: Ending): Metric {
    return this.#executions(ending, this.#props.stateMachine.stateMachineArn);
  }

  /** Executions of single shards with this ending. */
  shards(ending: Ending): Metric {
    return this.#executions(ending, `${this.#props.stateMachine.stateMachineArn}/shards`);
  }

  /** Events in the dead-letter queue. */
  deadLetters(): Metric {
    return this.#props.deadLetters.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM });
  }

  /** Failed or throttled calls of the functions that start and cancel jobs. */
  entryFunctions(metric: 'Errors' | 'Throttles'): IMetric {
    return sumOf(metric, this.#functions(isEntryFunction), 'entry functions');
  }

  /** Failed or throttled calls of the functions that are Tasks of the machine. */
  steps(metric: 'Errors' | 'Throttles'): IMetric {
    return sumOf(metric, this.#functions(isTask), 'steps');
  }

  /** Age of the oldest open batch at its last poll, in seconds. */
  oldestBatch(): Metric {
    return this.own('OpenBatchAge', { statistic: Stats.MAXIMUM, period: POLLED });
  }

  /** Delay of the latest poll, in seconds. */
  pollLag(): Metric {
    return this.own('PollLag', { statistic: Stats.MAXIMUM });
  }

  notAnnounced(): Metric {
    return this.own('JobsNotAnnounced');
  }

  /**
   * One of the workflow's own metrics; summed over five minutes by default. Use a label only for graphs: the CDK writes an alarm
   * on a labelled metric as an alarm on an expression.
   */
  own(
    metricName: MetricName,
    options: {
      readonly statistic?: string;
      readonly period?: Duration;
      readonly label?: string;
      readonly dimensions?: Readonly<Record<string, string>>;
    } = {},
  ): Metric {
    const { statistic = Stats.SUM, period = Duration.minutes(5), label, dimensions = {} } = options;
    return new Metric({
      namespace: METRIC_NAMESPACE,
      metricName,
      dimensionsMap: { service: this.#props.workflow, ...dimensions },
      statistic,
      period,
      ...(label !== undefined && { label }),
    });
  }

  #executions(ending: Ending, arn: string): Metric {
    return new Metric({
      namespace: 'AWS/States',
      metricName: `Executions${ending}`,
      dimensionsMap: { StateMachineArn: arn },
      statistic: Stats.SUM,
      period: Duration.minutes(5),
    });
  }

  #functions(wanted: (step: StepName) => boolean): StepFunction[] {
    return (Object.entries(this.#props.functions) as [StepName, StepFunction][])
      .filter(([step]) => wanted(step))
      .map(([, each]) => each);
  }
}

/** CloudWatch accepts at most ten metrics in the expression of an alarm. */
const MAX_METRICS_OF_ALARM = 10;

function sumOf(
  metricName: 'Errors' | 'Throttles',
  functions: readonly StepFunction[],
  of: 'entry functions' | 'steps',
): IMetric {
  if (functions.length > MAX_METRICS_OF_ALARM) {
    throw new RangeError(
      `An alarm takes ${MAX_METRICS_OF_ALARM} metrics, and there are ${functions.length}.`,
    );
  }
  const metrics = functions.map(({ lambda }, n): [id: string, metric: Metric] => [
    // Ids must be unique in a graph.
    `${of.replaceAll(' ', '')}${metricName}${n}`,
    new Metric({
      namespace: 'AWS/Lambda',
      metricName,
      dimensionsMap: { FunctionName: lambda.functionName },
      statistic: Stats.SUM,
      period: Duration.minutes(5),
    }),
  ]);
  return new MathExpression({
    expression: `SUM([${metrics.map(([id]) => id).join(', ')}])`,
    usingMetrics: Object.fromEntries(metrics),
    period: Duration.minutes(5),
    label: `${metricName} of ${of}`,
  });
}
