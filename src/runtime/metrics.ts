import { OUTCOMES } from '../checkpoints/outcomes.ts';
import type { LogEvent, LogFields } from '../log.ts';

/** Namespace of the workflow's metrics in CloudWatch. Every metric has the dimension `service`, the name of the workflow. */
export const METRIC_NAMESPACE = 'Nightshift';

export type MetricName =
  | 'JobsEnded'
  | 'Rows'
  | 'Tokens'
  | 'JobSeconds'
  | 'OpenBatchAge'
  | 'PollLag'
  | 'HandlerErrors'
  | 'JobsNotAnnounced';

/** One value of one metric. */
export interface Measurement {
  readonly metric: MetricName;
  readonly unit: 'Count' | 'Seconds';
  readonly value: number;
  /** Dimensions with few different values, never ids: every combination is a separate metric with its own price. */
  readonly dimensions: Readonly<Record<string, string>>;
}

type Measure = (fields: LogFields) => readonly Measurement[];

/** Measurements by log event. Steps only write the log events. */
const MEASURES: Readonly<Partial<Record<LogEvent, Measure>>> = {
  results_written: (fields) => [
    counted('JobsEnded', 1, { Status: text(fields['status']) }),
    ...OUTCOMES.map((Outcome) => counted('Rows', fields[Outcome], { Outcome })),
    counted('Tokens', fields['inputTokens'], { Direction: 'input' }),
    counted('Tokens', fields['outputTokens'], { Direction: 'output' }),
    seconds('JobSeconds', fields['seconds']),
  ],
  job_refused: () => [counted('JobsEnded', 1, { Status: 'refused' })],
  job_empty: () => [counted('JobsEnded', 1, { Status: 'empty' })],
  batch_polled: (fields) => [
    seconds('PollLag', fields['lagSeconds']),
    // A batch that has ended is not open, whatever its age.
    ...(fields['phase'] === 'ended' ? [] : [seconds('OpenBatchAge', fields['ageSeconds'])]),
  ],
  step_failed: (fields) => [
    counted('HandlerErrors', 1, { Step: text(fields['step']), Error: text(fields['error']) }),
  ],
  job_not_announced: () => [counted('JobsNotAnnounced', 1)],
};

/**
 * The measurements of a log line. Pure.
 * @param step the step that logged the line
 */
export function measure(event: LogEvent, fields: LogFields, step: string): readonly Measurement[] {
  return MEASURES[event]?.({ ...fields, step }) ?? [];
}

function counted(
  metric: MetricName,
  value: LogFields[string],
  dimensions: Measurement['dimensions'] = {},
): Measurement {
  return { metric, unit: 'Count', value: number(value), dimensions };
}

function seconds(metric: MetricName, value: LogFields[string]): Measurement {
  return { metric, unit: 'Seconds', value: number(value), dimensions: {} };
}

const number = (value: LogFields[string]): number => (typeof value === 'number' ? value : 0);

const text = (value: LogFields[string]): string => String(value ?? 'unknown');
