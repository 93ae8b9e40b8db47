import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  ComparisonOperator,
  TreatMissingData,
  type IAlarmAction,
  type IMetric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { packageVersion } from '../src/package-root.ts';
import type { WorkflowMetrics } from './workflow-metrics.ts';

export interface AlarmsProps {
  readonly metrics: WorkflowMetrics;
  /** Longest time that a batch is open in normal operation, in seconds. */
  readonly longestBatchSeconds: number;
  /** Actions for an alarm and for its end. */
  readonly actions: readonly IAlarmAction[];
  /**
   * Path or URL of the runbook.
   * @default - the page that is published with this version
   */
  readonly runbook?: string | undefined;
}

/** One alarm, named by its section in the runbook. */
interface AlarmRule {
  readonly metric: IMetric;
  /** The alarm in one sentence, for the notification. */
  readonly says: string;
  /** Threshold: the alarm fires at this value or above. */
  readonly from: number;
  /** Number of consecutive periods above the threshold. */
  readonly periods?: number;
}

/** URL of the runbook. Package registries keep the files of every published version. */
const RUNBOOK = `https://unpkg.com/nightshift@${packageVersion()}/docs/operations.md`;

/** Highest delay of a poll. A failing poll is retried for up to 3 hours, and counts as late for all of this time. */
const POLL_LAG = Duration.minutes(30);

/** Number of step errors in five minutes, in three periods in a row: transient errors are retried before that. */
const STEP_ERRORS = 5;

/** The alarms with their thresholds. Each alarm links to its section of the runbook. */
export class Alarms extends Construct {
  readonly alarms: readonly Alarm[];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { actions, runbook = RUNBOOK } = props;
    this.alarms = Object.entries(rules(props)).map(([name, rule]) => {
      const alarm = new Alarm(this, name, {
        alarmDescription: `${rule.says} What to do: ${runbook}#${name}`,
        metric: rule.metric,
        threshold: rule.from,
        comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        evaluationPeriods: rule.periods ?? 1,
        // An idle workflow reports no metrics.
        treatMissingData: TreatMissingData.NOT_BREACHING,
      });
      alarm.addAlarmAction(...actions);
      alarm.addOkAction(...actions);
      return alarm;
    });
  }
}

function rules(props: AlarmsProps): Readonly<Record<string, AlarmRule>> {
  return { ...jobRules(props), ...functionRules(props), ...batchRules(props) };
}

/** Alarms on jobs, shards and the events that start them. */
function jobRules({ metrics }: AlarmsProps): Readonly<Record<string, AlarmRule>> {
  return {
    'job-failed': { metric: metrics.jobs('Failed'), from: 1, says: 'A job failed.' },
    'job-timed-out': {
      metric: metrics.jobs('TimedOut'),
      from: 1,
      says: 'A job exceeded its time limit and is being cancelled.',
    },
    'job-aborted': {
      metric: metrics.jobs('Aborted'),
      from: 1,
      says: "A job's execution was stopped; the job is cancelled.",
    },
    'shard-failed': {
      metric: metrics.shards('Failed'),
      from: 1,
      says: 'The execution of a shard failed, so its end was not recorded.',
    },
    'events-lost': {
      metric: metrics.deadLetters(),
      from: 1,
      says: 'An event was lost: a dropped file or a schedule started no job, or a stopped job was not cancelled.',
    },
  };
}

function functionRules({ metrics }: AlarmsProps): Readonly<Record<string, AlarmRule>> {
  return {
    'door-errors': {
      metric: metrics.entryFunctions('Errors'),
      from: 1,
      says: 'A function that starts or cancels jobs failed.',
    },
    'step-errors': {
      metric: metrics.steps('Errors'),
      from: STEP_ERRORS,
      periods: 3,
      says: 'Steps keep failing.',
    },
    'door-throttles': {
      metric: metrics.entryFunctions('Throttles'),
      from: 1,
      says: 'Lambda throttled a function that starts or cancels jobs.',
    },
    'step-throttles': {
      metric: metrics.steps('Throttles'),
      from: 1,
      periods: 3,
      says: 'Lambda throttles steps repeatedly.',
    },
  };
}

function batchRules({ metrics, longestBatchSeconds }: AlarmsProps): Readonly<Record<string, AlarmRule>> {
  return {
    'batch-too-old': {
      metric: metrics.oldestBatch(),
      from: longestBatchSeconds,
      says: 'A batch is open for too long.',
    },
    'polls-late': {
      metric: metrics.pollLag(),
      from: POLL_LAG.toSeconds(),
      says: 'Batches are polled much later than planned.',
    },
    'job-not-announced': {
      metric: metrics.notAnnounced(),
      from: 1,
      says: 'A job ended, or waits for an approval, and the announcement failed.',
    },
  };
}
